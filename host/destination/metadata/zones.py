"""Time zones of numbers: libphonenumber's prefixes as sorted intervals, and an automaton that says which numbers have a
place.

libphonenumber gives the zones of a number by its longest known prefix where its type has a place (fixed lines, and mobile
numbers in few countries), and those of its whole calling code where it has none (toll-free numbers, most mobile numbers).
Callsign's own are the zones of countries that share a calling code and are told apart by a prefix, such as Jamaica: the longest
prefix for all of their numbers, where libphonenumber gives a mobile number all zones of the calling code; of numbers of no
known type; and of area codes that libphonenumber does not know.
"""

import csv

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.phonenumberutil import _GEO_MOBILE_COUNTRIES
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

import automaton
import oracle

# In the order in which libphonenumber tries them; a number of one of them has no place.
ELSEWHERE = "premium_rate toll_free shared_cost voip personal_number pager uan voicemail".split()


def prefixes(nanp):
    """libphonenumber's table, and the area codes that it does not know with the zones of those that they overlay."""
    table = dict(TIMEZONE_DATA)
    with nanp.open() as file:
        rows = {row["npa"]: row for row in csv.DictReader(file)}
    for code in oracle.LATER_US_AREA_CODES:
        zones = {zone for over in rows[code]["overlays"].split() for zone in table.get(f"1{over}", ())}
        assert zones, f"{code} overlays nothing whose zones are known"
        table[f"1{code}"] = tuple(sorted(zones))
    return table


def needs_type(calling_code):
    """Whether its numbers are in several zones, so that it matters which of them have a place."""
    lists = {zones for prefix, zones in TIMEZONE_DATA.items() if prefix.startswith(str(calling_code))}
    return len(lists) > 1


def place_automaton(code, regions):
    """Label 1: the zones are those of the longest prefix; 0: those of the calling code."""
    parts, tests = [], []

    def part(key, make):
        keys = [known for known, _ in parts]
        if key not in keys:
            parts.append((key, make()))
            return len(parts) - 1
        return keys.index(key)

    def described(desc):
        if desc is None or not desc.national_number_pattern:
            return None
        key = (desc.national_number_pattern, tuple(desc.possible_length))
        return part(key, lambda: automaton.compile_whole(*key))

    for region in regions:
        data = PhoneMetadata.metadata_for_region(region)
        leading = data.leading_digits
        lead = leading and part(("leading", leading), lambda: automaton.compile_prefix(leading, True))
        general = described(data.general_desc)
        elsewhere = [described(getattr(data, name)) for name in ELSEWHERE]
        # Where the patterns of both are the same, libphonenumber looks at the first alone, with its lengths.
        mobile = None if data.same_mobile_and_fixed_line_pattern else described(data.mobile)
        tests.append((lead, general, [t for t in elsewhere if t is not None], described(data.fixed_line), mobile))
    machines = [machine for _, machine in parts]

    def advance(state, digit):
        return tuple(machine.rows[s][digit] for machine, s in zip(machines, state))

    def label(state):
        matches = lambda test: test is not None and machines[test].labels[state[test]]
        for lead, general, elsewhere, fixed, mobile in tests:
            typed = matches(general) and (any(map(matches, elsewhere)) or matches(fixed) or matches(mobile))
            if lead is not None and matches(lead):
                # Told apart from its neighbours by a prefix, and so are its zones.
                return 1
            if lead is not None or not typed:
                continue
            if any(map(matches, elsewhere)):
                return 0
            return int(bool(matches(fixed) or code in _GEO_MOBILE_COUNTRIES))
        # Of no known type, and so anywhere in its country, which is all of a calling code that no other country has. Where
        # several share it, the country is known by an area code that is later than libphonenumber.
        return int(len(regions) > 1)

    return automaton.minimise(automaton.explore(tuple(m.start for m in machines), advance, label))


def intervals(table):
    """The table as (first number, zones): the zones are those of all numbers from this one to the next, where a number is
    its first nine digits."""
    room = TIMEZONE_LONGEST_PREFIX
    edges = {0}
    for prefix in table:
        edges |= {int(prefix) * 10 ** (room - len(prefix)), (int(prefix) + 1) * 10 ** (room - len(prefix))}
    found = []
    for edge in sorted(edge for edge in edges if edge < 10**room):
        digits = f"{edge:0{room}}"
        zones = next((table[digits[:n]] for n in range(room, 0, -1) if digits[:n] in table), ())
        if not found or found[-1][1] != zones:
            found.append((edge, zones))
    return found


def write(target, version, nanp):
    table = prefixes(nanp)
    found = intervals(table)
    names = sorted({zone for zones in table.values() for zone in zones})
    lists = [(), *sorted({zones for zones in table.values()})]
    assert all(list(zones) == sorted(set(zones)) for zones in lists)
    whole = {code: table.get(str(code), ()) for code in COUNTRY_CODE_TO_REGION_CODE}
    lines = [
        f"// Generated by metadata/generate.py from the time zone metadata of libphonenumber {version}. Do not edit.",
        "//",
        "// The metadata is copyright The Libphonenumber Authors, licensed under the Apache License 2.0.",
        "",
        "/// The names of all zones, sorted: a zone is an index in it.",
        f"pub(crate) static NAMES: [&str; {len(names)}] = [",
        *(f'    "{name}",' for name in names),
        "];",
        "",
        "/// Every list of zones that numbers have; the first is that of numbers without a place on earth.",
        f"pub(crate) static LISTS: [&[Zone]; {len(lists)}] = [",
        *("    &[" + ",".join(f"Zone({names.index(zone)})" for zone in zones) + "]," for zones in lists),
        "];",
    ]

    def numbers(what, name, kind, values, each=14):
        values = list(values)
        lines.extend(["", f"/// {what}", f"pub(crate) static {name}: [{kind}; {len(values)}] = ["])
        for at in range(0, len(values), each):
            lines.append("    " + ",".join(str(value) for value in values[at : at + each]) + ",")
        lines.append("];")

    numbers("Where the zones change, in the first nine digits of a number.", "STARTS", "u32", (first for first, _ in found))
    numbers(
        "The list from there on, as an index in `LISTS`.", "LIST_FROM", "u16", (lists.index(z) for _, z in found), 30
    )
    lines.insert(4, "use crate::zone::Zone;\n")
    target.write_text("\n".join(lines) + "\n")
    print(f"{len(names)} zones, {len(lists)} lists, {len(found)} intervals, {target.stat().st_size} bytes")
    return {code: lists.index(zones) for code, zones in whole.items()}


def add_automata(pool, plans):
    """Adds to each plan which of its numbers have a place."""
    for plan in plans:
        code = plan["calling_code"]
        if needs_type(code):
            plan["place"] = ("place", code)
            pool.add(plan["place"], place_automaton(code, COUNTRY_CODE_TO_REGION_CODE[code]))
