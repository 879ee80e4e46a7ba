# The selection over all strategies and senders.
package selection

import rego.v1

for_channel := [one |
	some one in data.strategies
	one.channel in {null, input.channel}
]

default entity := false

entity if {
	some one in for_channel
	one.entity
}

counting := [one |
	some one in for_channel
	one.entity == entity
	reaches(one)
]

reaches(thing) if thing.countries == null

reaches(thing) if thing.countries[input.country]

strategy := one if {
	some one in counting
	one.specific == max([each.specific | some each in counting])
}

candidates := [one |
	some one in data.senders
	one.channels[input.channel]
	reaches(one)
]

default pinned := null

pinned := pin if {
	strategy.sticky
	pin := data.pins[input.recipient]
	some one in candidates
	one.sender == pin
}

default near := []

near := [one |
	some one in candidates
	one.long_number
	one.area_code == input.area_code
] if {
	strategy.geolocated
	input.country in {"US", "CA"}
	input.area_code != 0
}

left := near if {
	count(near) > 0
} else := candidates

default sender := null

sender := pinned if {
	pinned != null
} else := chosen if {
	strategy
	chosen := left[input.high % count(left)].sender
}
