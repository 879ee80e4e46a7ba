# The selection, with a table for each channel and country in the data. The table of the countries that nothing names
# has no name.
#
# What may be undefined is asked for with a default: in the virtual machine an undefined value in the body of a rule
# ends its `else` too, which it does not in the interpreter.
package selection

import rego.v1

tables := data.tables[input.channel]

table := object.get(tables, input.country, tables[""])

default pinned := null

pinned := pin if {
	table.sticky
	pin := data.pins[input.recipient]
	table.members[pin]
}

left := object.get(table.areas, input.area_code, table.candidates)

default sender := null

sender := pinned if {
	pinned != null
} else := chosen if {
	chosen := left[input.high % count(left)]
}
