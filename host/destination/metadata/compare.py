#!/usr/bin/env python3
"""Compares the crate with libphonenumber over random numbers.

    cargo build --release --example answer
    python3 metadata/compare.py PATH_OF_THE_BUILT_EXAMPLE [COUNT] [SEED]
"""

import collections
import pathlib
import random
import subprocess
import sys

import phonenumbers.re_util

import oracle


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500_000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    phonenumbers.re_util.enable_pattern_cache()
    texts = [oracle.written(oracle.random_number(rng), rng) for _ in range(count // 2)]
    texts += oracle.zone_sample(rng, count - len(texts))
    answers = subprocess.run([program], input="\n".join(texts), capture_output=True, text=True, check=True)
    answers = answers.stdout.splitlines()
    assert len(answers) == count
    kinds, differing = collections.Counter(), 0
    overlays = oracle.later_overlays(pathlib.Path(__file__).resolve().parents[3] / "data" / "nanp.csv")
    for text, got in zip(texts, answers):
        expected = oracle.answer(text)
        kinds[expected[2] or "parsed"] += 1
        rewritten = expected[1] and expected[1].lstrip("+") != "".join(c for c in text if c.isdigit())
        kinds["(national prefix taken off)"] += bool(rewritten)
        zones = " ".join(oracle.zones(expected[1], overlays)) if expected[1] else ""
        if ",".join((*expected, zones)) != got:
            differing += 1
            if differing <= 20:
                print(f"{text!r}: expected {expected} {zones}, got {got}")
    print(f"{count} numbers, {differing} differ; {dict(kinds)}")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
