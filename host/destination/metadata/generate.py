#!/usr/bin/env python3
"""Writes src/tables.rs, src/zone_tables.rs, tests/data/numbers.csv and tests/data/zones.csv from libphonenumber's metadata.

    pip install phonenumbers==9.0.43
    python3 metadata/generate.py

`phonenumbers` is the Python port of Google's libphonenumber, with the same version numbers and metadata.
"""

import csv
import pathlib
import random

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, phonenumberutil
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.phonenumberutil import ValidationResult

import automaton
import oracle
import zones

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERSION = "9.0.43"
NANP = ROOT.parents[1] / "data" / "nanp.csv"
# The remaining lengths that a terminal tells apart: 0 to 17 (the longest national number), and all above.
LENGTHS = 19
TERMINAL = 0x8000
TYPES = (
    "premium_rate toll_free shared_cost voip personal_number pager uan voicemail fixed_line mobile".split()
)


class Pool:
    """All automata in one, so that what they have in common (mostly the tails) is stored once."""

    def __init__(self):
        self.rows, self.labels, self.starts = [], [], {}

    def add(self, name, dfa):
        base = len(self.rows)
        self.rows += [[base + after for after in row] for row in dfa.rows]
        self.labels += dfa.labels
        self.starts[name] = base + dfa.start

    def pack(self):
        """States, outcomes where the digits end, terminals (outcome by the number of digits left), starts."""
        small = automaton.minimise(automaton.Dfa(self.rows, self.labels, 0))
        part = automaton.classes(self.rows, self.labels)
        only_length = {}
        changed = True
        while changed:
            # A state's outcome depends on the number of digits left alone when its digits all lead to one such state.
            changed = False
            for state, row in enumerate(small.rows):
                after = row[0]
                if state not in only_length and len(set(row)) == 1 and (after == state or after in only_length):
                    tail = [small.labels[state]] * LENGTHS if after == state else only_length[after]
                    assert after == state or tail[-1] == tail[-2], "an outcome that needs more lengths"
                    only_length[state] = [small.labels[state], *tail][:LENGTHS]
                    changed = True
        terminals = [[0] * LENGTHS]
        number = {}
        for state, outcomes in sorted(only_length.items()):
            if outcomes not in terminals:
                terminals.append(outcomes)
            number[state] = TERMINAL | terminals.index(outcomes)
        kept = [state for state in range(len(small.rows)) if state not in only_length]
        for position, state in enumerate(kept):
            number[state] = position
        assert len(kept) < TERMINAL
        rows = [[number[after] for after in small.rows[state]] for state in kept]
        ends = [small.labels[state] for state in kept]
        starts = {name: number[part[state]] for name, state in self.starts.items()}
        return rows, ends, terminals, starts


def region_automaton(code, regions, region_ids):
    """Label: the first region of the calling code, in libphonenumber's order, that takes the national number.

    A region with leading digits takes what starts with them; another one takes what is valid there: the general
    pattern and that of at least one type, each with its possible lengths.
    """
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
        if data.leading_digits is not None:
            leading = data.leading_digits
            found = part(("leading", leading), lambda: automaton.compile_prefix(leading, True))
            tests.append((region_ids[region], found, [found]))
        else:
            types = [described(getattr(data, name)) for name in TYPES]
            tests.append((region_ids[region], described(data.general_desc), [t for t in types if t is not None]))
    if code == 1:
        # Area codes in service that this version of the metadata does not know. They come last: what libphonenumber
        # answers stands.
        pattern = f"(?:{'|'.join(oracle.LATER_US_AREA_CODES)})[2-9]\\d{{6}}"
        found = part(("later",), lambda: automaton.compile_whole(pattern))
        tests.append((region_ids["US"], found, [found]))
    machines = [machine for _, machine in parts]

    def advance(state, digit):
        return tuple(machine.rows[s][digit] for machine, s in zip(machines, state))

    def label(state):
        accepted = [machine.labels[s] for machine, s in zip(machines, state)]
        return next((r for r, general, any_of in tests if accepted[general] and any(accepted[t] for t in any_of)), 0)

    return automaton.minimise(automaton.explore(tuple(m.start for m in machines), advance, label))


def build():
    shared = [region for regions in COUNTRY_CODE_TO_REGION_CODE.values() if len(regions) > 1 for region in regions]
    region_ids = {region: number for number, region in enumerate(sorted(set(shared)), 1)}
    pool, plans, code = Pool(), [], []
    for calling_code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        data = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, regions[0])
        plan = {"calling_code": calling_code, "lengths": sum(1 << length for length in oracle.lengths(calling_code)), "regions": None, "prefix": None, "country": None, "rule": None, "place": None}
        if len(regions) > 1:
            plan["regions"] = ("regions", calling_code)
            pool.add(plan["regions"], region_automaton(calling_code, regions, region_ids))
        elif regions[0] != "001":
            plan["country"] = regions[0]
        plan["program"], plan["groups"], plan["adopt"] = 0, 0, 0
        prefix = data.national_prefix_for_parsing
        if prefix:
            plan["prefix"] = ("prefix", calling_code)
            pool.add(plan["prefix"], automaton.compile_prefix(prefix, False))
            pool.add(("general", calling_code), automaton.compile_whole(data.general_desc.national_number_pattern))
            plan["program"] = len(code)
            more, plan["groups"] = automaton.program(prefix, len(code))
            code += more
            for length in range(32):
                verdict = phonenumberutil._test_number_length("0" * length, data)
                if verdict in (ValidationResult.IS_POSSIBLE, ValidationResult.TOO_LONG):
                    plan["adopt"] |= 1 << length
            rule = data.national_prefix_transform_rule
            if rule:
                literal, group = rule.split("\\")
                assert literal.isdigit() or not literal
                assert plan["groups"] <= 2, "more groups than the matcher has slots for"
                plan["rule"] = (literal, int(group))
        plans.append(plan)
    zones.add_automata(pool, plans)
    return region_ids, pool, plans, code


def write_tables(region_ids, pool, plans, code, whole):
    rows, ends, terminals, starts = pool.pack()
    dead = TERMINAL
    lines = [
        f"// Generated by metadata/generate.py from the metadata of libphonenumber {VERSION}. Do not edit.",
        "//",
        "// The metadata is copyright The Libphonenumber Authors, licensed under the Apache License 2.0.",
        "",
        "use crate::plan::{Lengths, Op, Plan, Rule};",
        "",
        "/// By the first three digits: 1 + the index in `PLANS`, or 0 where no calling code starts so.",
        "pub(crate) static CALLING_CODES: [u8; 1000] = [",
    ]

    def numbers(values, each=24):
        values = list(values)
        for at in range(0, len(values), each):
            lines.append("    " + ",".join(str(value) for value in values[at : at + each]) + ",")
        lines.append("];")

    by_three = [0] * 1000
    for index, plan in enumerate(plans):
        text = str(plan["calling_code"])
        for rest in range(10 ** (3 - len(text))):
            by_three[int(text) * 10 ** (3 - len(text)) + rest] = index + 1
    numbers(by_three, 40)

    def bits(region):
        return f"{ord(region[0]) << 8 | ord(region[1]):#06x}"

    lines += ["", f"pub(crate) static PLANS: [Plan; {len(plans)}] = ["]
    for plan in plans:
        start = lambda name: f"{starts[name] if name in starts else dead:#06x}"
        rule = "None"
        if plan["rule"]:
            literal, group = plan["rule"]
            rule = f'Some(Rule {{ literal: b"{literal}", group: {group} }})'
        lines.append(
            f"    Plan {{ calling_code: {plan['calling_code']}, country: {bits(plan['country']) if plan['country'] else 0}, "
            f"lengths: Lengths({plan['lengths']:#x}), regions: {start(plan['regions'])}, prefix: {start(plan['prefix'])}, "
            f"general: {start(('general', plan['calling_code']))}, adopt: {plan['adopt']:#010x}, "
            f"program: {plan['program']}, groups: {plan['groups']}, rule: {rule}, "
            f"place: {start(plan['place'])}, zones: {whole[plan['calling_code']]} }},"
        )
    lines += ["];", "", "/// The countries of the calling codes that several share, as the outcomes number them, from 1."]
    lines.append(f"pub(crate) static REGIONS: [u16; {len(region_ids) + 1}] = [")
    numbers(["0", *(bits(region) for region in region_ids)], 16)
    lines += ["", "/// `STATES[state][digit]`: the next state, or a terminal where the high bit is set."]
    lines.append(f"pub(crate) static STATES: [[u16; 10]; {len(rows)}] = [")
    numbers((f"[{','.join(map(str, row))}]" for row in rows), 3)
    lines += ["", "/// The outcome where the digits end in this state."]
    lines.append(f"pub(crate) static ENDS: [u8; {len(ends)}] = [")
    numbers(ends, 60)
    lines += ["", "/// `TERMINALS[terminal][left]`: the outcome by the number of digits left, the last entry for all above."]
    lines.append(f"pub(crate) static TERMINALS: [[u8; {LENGTHS}]; {len(terminals)}] = [")
    numbers((f"[{','.join(map(str, row))}]" for row in terminals), 2)
    lines += ["", "/// Matchers of the national prefixes, one after another."]
    lines.append(f"pub(crate) static PROGRAM: [Op; {len(code)}] = [")
    numbers((f"Op::{op}({','.join(map(str, args))})" if args else f"Op::{op}" for op, *args in code), 8)
    target = ROOT / "src" / "tables.rs"
    target.write_text("\n".join(lines) + "\n")
    print(f"{len(rows)} states, {len(terminals)} terminals, {len(code)} instructions, {target.stat().st_size} bytes")


def witnesses(region_ids, pool, each=6):
    """Numbers of every country that shares its calling code: random walks to where the automaton answers it. There are
    countries whose example numbers are all taken for a neighbour's."""
    rng = random.Random(9043)
    for calling_code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        start = pool.starts.get(("regions", calling_code))
        for region in regions if start is not None else ():
            goal = region_ids[region]
            leads = {state for state, label in enumerate(pool.labels) if label == goal}
            while more := {s for s, row in enumerate(pool.rows) if s not in leads and not leads.isdisjoint(row)}:
                leads |= more
            for _ in range(each if start in leads else 0):
                state, digits = start, ""
                while pool.labels[state] != goal or (len(digits) < 7 and any(s in leads for s in pool.rows[state])):
                    digit = rng.choice([d for d in range(10) if pool.rows[state][d] in leads])
                    state, digits = pool.rows[state][digit], digits + str(digit)
                yield f"+{calling_code}{digits}"


def write_fixture(region_ids, pool):
    target = ROOT / "tests" / "data" / "numbers.csv"
    with target.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["text", "country", "e164", "error"])
        count = 0
        for text in oracle.fixture(witnesses(region_ids, pool)):
            out.writerow([text, *oracle.answer(text)])
            count += 1
    print(f"{count} numbers")


def write_zone_fixture(count=4500):
    """A row for each list of zones, with numbers that have it."""
    target = ROOT / "tests" / "data" / "zones.csv"
    overlays, by_zones = oracle.later_overlays(NANP), {}
    known = [f"+1{code}{rest}" for code in oracle.LATER_US_AREA_CODES for rest in ("2005550", "9125550")]
    for number in known + oracle.zone_sample(random.Random(9043), count):
        by_zones.setdefault(" ".join(oracle.zones(number, overlays)), []).append(number)
    with target.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["zones", "numbers"])
        out.writerows((zones, " ".join(numbers)) for zones, numbers in sorted(by_zones.items()))
    print(f"{len(by_zones)} lists of zones, {count + len(known)} numbers")


if __name__ == "__main__":
    assert phonenumbers.__version__ == VERSION, phonenumbers.__version__
    oracle.check_later_area_codes(NANP)
    built = build()
    write_tables(*built, zones.write(ROOT / "src" / "zone_tables.rs", VERSION, NANP))
    write_fixture(*built[:2])
    write_zone_fixture()
