"""Regular expressions of the phone metadata -> automata over the decimal digits.

The metadata uses a small part of the regular expression language: digits, `\\d`, classes, groups, alternation, `?`,
`{n}`, `{n,m}` and `$`. There is no unbounded repetition, so every expression ends, and matching it is a walk through
a table.
"""

import re

ALL = (1 << 10) - 1


def parse(pattern):
    """The syntax tree: ('set', mask) | ('cat', [..]) | ('alt', [..]) | ('rep', node, least, most)
    | ('group', number or None, node) | ('end',)."""
    groups = 0
    at = 0

    def alternation():
        nonlocal at
        branches = [sequence()]
        while at < len(pattern) and pattern[at] == "|":
            at += 1
            branches.append(sequence())
        return branches[0] if len(branches) == 1 else ("alt", branches)

    def sequence():
        items = []
        while at < len(pattern) and pattern[at] not in "|)":
            items.append(repeated())
        return ("cat", items)

    def repeated():
        nonlocal at
        node = atom()
        if at < len(pattern) and pattern[at] == "?":
            at += 1
            node = ("rep", node, 0, 1)
        elif at < len(pattern) and pattern[at] == "{":
            found = re.compile(r"\{(\d+)(?:,(\d+))?\}").match(pattern, at)
            at = found.end()
            node = ("rep", node, int(found[1]), int(found[2] or found[1]))
        if at < len(pattern) and pattern[at] in "?*+{":
            raise ValueError(f"unsupported repetition at {at} in {pattern}")
        return node

    def atom():
        nonlocal at, groups
        char = pattern[at]
        at += 1
        if char in "0123456789":
            return ("set", 1 << int(char))
        if char == "\\" and pattern[at] == "d":
            at += 1
            return ("set", ALL)
        if char == "$":
            return ("end",)
        if char == "[":
            close = pattern.index("]", at)
            mask = 0
            for low, high in re.findall(r"(\d)(?:-(\d))?", pattern[at:close]):
                for digit in range(int(low), int(high or low) + 1):
                    mask |= 1 << digit
            if re.sub(r"\d(-\d)?", "", pattern[at:close]):
                raise ValueError(f"unsupported class at {at} in {pattern}")
            at = close + 1
            return ("set", mask)
        if char == "(":
            number = None
            if pattern.startswith("?:", at):
                at += 2
            else:
                groups += 1
                number = groups
            node = alternation()
            if pattern[at] != ")":
                raise ValueError(f"unclosed group at {at} in {pattern}")
            at += 1
            return ("group", number, node)
        raise ValueError(f"unsupported {char!r} at {at - 1} in {pattern}")

    tree = alternation()
    if at != len(pattern):
        raise ValueError(f"trailing text at {at} in {pattern}")
    return tree


class Nfa:
    """Thompson's construction. `end` counts as nothing: callers that care about `$` use `program`."""

    def __init__(self):
        self.free = []  # free[state]: states reached without a digit
        self.step = []  # step[state]: (mask, state) or None

    def state(self):
        self.free.append([])
        self.step.append(None)
        return len(self.free) - 1

    def add(self, node, start):
        """Adds `node` from `start`; returns the state where it ends."""
        kind = node[0]
        if kind == "set":
            end = self.state()
            via = self.state()
            self.free[start].append(via)
            self.step[via] = (node[1], end)
            return end
        if kind == "cat":
            for item in node[1]:
                start = self.add(item, start)
            return start
        if kind == "alt":
            end = self.state()
            for branch in node[1]:
                entry = self.state()
                self.free[start].append(entry)
                self.free[self.add(branch, entry)].append(end)
            return end
        if kind == "rep":
            _, inner, least, most = node
            for _ in range(least):
                start = self.add(inner, start)
            end = self.state()
            self.free[start].append(end)
            for _ in range(most - least):
                start = self.add(inner, start)
                self.free[start].append(end)
            return end
        if kind == "group":
            return self.add(node[2], start)
        return start

    def closure(self, states):
        seen = set(states)
        todo = list(states)
        while todo:
            for near in self.free[todo.pop()]:
                if near not in seen:
                    seen.add(near)
                    todo.append(near)
        return frozenset(seen)


class Dfa:
    """`rows[state]` has ten next states, `labels[state]` the outcome when the digits end there (0: no match)."""

    def __init__(self, rows, labels, start):
        self.rows, self.labels, self.start = rows, labels, start


def explore(start, advance, label):
    """The reachable part of an automaton that is given by functions of hashable states."""
    index, order, rows = {start: 0}, [start], []
    for state in order:
        row = []
        for digit in range(10):
            after = advance(state, digit)
            if after not in index:
                index[after] = len(order)
                order.append(after)
            row.append(index[after])
        rows.append(row)
    return Dfa(rows, [label(state) for state in order], 0)


def classes(rows, labels):
    """Partition refinement: the class of each state, two states being alike when no digits tell them apart."""
    ids = {}
    part = [ids.setdefault(label, len(ids)) for label in labels]
    count = len(ids)
    while True:
        ids = {}
        part = [
            ids.setdefault((part[state], *(part[after] for after in row)), len(ids))
            for state, row in enumerate(rows)
        ]
        if len(ids) == count:
            return part
        count = len(ids)


def minimise(dfa):
    part = classes(dfa.rows, dfa.labels)
    rows, labels = {}, {}
    for state, row in enumerate(dfa.rows):
        rows[part[state]] = [part[after] for after in row]
        labels[part[state]] = dfa.labels[state]
    size = len(rows)
    return Dfa([rows[state] for state in range(size)], [labels[state] for state in range(size)], part[dfa.start])


def compile_whole(pattern, lengths=()):
    """Label 1 for the digits that match `pattern` from end to end and, when lengths are given, have one of them."""
    tree = parse(pattern)
    nfa = Nfa()
    start = nfa.state()
    end = nfa.add(tree, start)
    cap = max(lengths, default=0) + 1

    def advance(state, digit):
        live, count = state
        after = {nfa.step[s][1] for s in live if nfa.step[s] and nfa.step[s][0] >> digit & 1}
        return (nfa.closure(after), min(count + 1, cap)) if after else (frozenset(), cap)

    def label(state):
        live, count = state
        return int(end in live and (not lengths or count in lengths))

    return minimise(explore((nfa.closure({start}), 0), advance, label))


def compile_prefix(pattern, allow_empty):
    """Label 1 for the digits that begin with a match of `pattern`; with `allow_empty` false, a non-empty one."""
    whole = compile_whole(pattern)

    def advance(state, digit):
        if state == "hit":
            return "hit"
        after = whole.rows[state][digit]
        return "hit" if whole.labels[after] else after

    start = "hit" if allow_empty and whole.labels[whole.start] else whole.start
    return minimise(explore(start, advance, lambda state: int(state == "hit")))


def program(pattern, base):
    """Instructions of a backtracking matcher, in the order of preference that regular expressions define:
    ('Digit', mask) | ('Split', first, second) | ('Jump', to) | ('Save', slot) | ('End',) | ('Match',).
    Addresses start at `base`. The second value is the number of capture groups."""
    code = []
    groups = 0

    def emit(node):
        nonlocal groups
        kind = node[0]
        if kind == "set":
            code.append(("Digit", node[1]))
        elif kind == "cat":
            for item in node[1]:
                emit(item)
        elif kind == "alt":
            jumps = []
            for branch in node[1][:-1]:
                split = len(code)
                code.append(None)
                emit(branch)
                jumps.append(len(code))
                code.append(None)
                code[split] = ("Split", base + split + 1, base + len(code))
            emit(node[1][-1])
            for jump in jumps:
                code[jump] = ("Jump", base + len(code))
        elif kind == "rep":
            for _ in range(node[2]):
                emit(node[1])
            splits = []
            for _ in range(node[3] - node[2]):
                splits.append(len(code))
                code.append(None)
                emit(node[1])
            for split in splits:
                code[split] = ("Split", base + split + 1, base + len(code))
        elif kind == "group":
            if node[1] is None:
                emit(node[2])
            else:
                groups = max(groups, node[1])
                code.append(("Save", 2 * (node[1] - 1)))
                emit(node[2])
                code.append(("Save", 2 * (node[1] - 1) + 1))
        else:
            code.append(("End",))

    emit(parse(pattern))
    code.append(("Match",))
    return code, groups
