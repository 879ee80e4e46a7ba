"""What libphonenumber answers, in the terms of this crate, and numbers to ask it about."""

import csv
import random
import re
import unicodedata

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, NumberParseException, PhoneNumberType
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_geographical_number, time_zones_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

import automaton

# In service by the NANPA's report of 2025-11-26 (data/nanp.csv), not in libphonenumber 9.0.43.
LATER_US_AREA_CODES = "357 436 457 465 471 483 621 624 679 729 837 861 924".split()
TYPES = [value for name, value in vars(PhoneNumberType).items() if name.isupper() and value != PhoneNumberType.UNKNOWN]
DESCRIPTIONS = (
    "general_desc fixed_line mobile toll_free premium_rate shared_cost personal_number voip pager uan voicemail".split()
)
SHARED = [code for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if len(regions) > 1]
EVERY = sorted(COUNTRY_CODE_TO_REGION_CODE)
# What stands between digits besides blanks.
SEPARATORS = re.compile("[-()\\[\\]./\uff08\uff09\uff0d-\uff0f\uff3b\uff3d\u2010-\u2015\u2212\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
# Not E.164, though libphonenumber reads some of it: letters, extensions, signs.
FOREIGN = re.compile(r"[^0-9 +]|\d[^\d]*\+|\+ +\+")
EXPONENT = re.compile(r"\s*[-+]?[0-9]+([.,][0-9]+)?[eE][-+]?[0-9]+\s*")
# What `unseen` has taken off its ends: one digit after the last point or comma, or zeros alone after digits alone.
FRACTION = re.compile(r"(?s).*[.,\uff0e]\d|[+\uff0b]?\d*[.,\uff0e]00|[+\uff0b]?\d{8,}[.,\uff0e]0{3,}")


def unseen(text):
    """The text without blanks and characters of category Cf around it, with ASCII digits."""
    text = "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    unseen = "".join({c for c in text if c.isspace() or unicodedata.category(c) == "Cf"})
    return text.strip(unseen) if unseen else text


def plain(text):
    """The text with ASCII digits and plus signs, and one blank for every other character that may stand there."""
    text = "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    text = re.sub("[\uff0b\ufe62]", "+", text)
    return re.sub("[\\s\x85]", " ", SEPARATORS.sub(" ", text))


def answer(text):
    """(country, E.164, error): the first two empty, or the error."""
    if EXPONENT.fullmatch(text):
        return "", "", "exponent"
    if "," in text and FRACTION.fullmatch(unseen(text)):
        return "", "", "fraction"
    if FOREIGN.search(plain(text)):
        return "", "", "prefix" if text.lstrip().lower().startswith("tel:") else "character"
    if FRACTION.fullmatch(unseen(text)):
        return "", "", "fraction"
    text = plain(text)
    first = re.search(r"[+\d]", text)
    if not first or not re.search(r"\d", text):
        return "", "", "empty"
    try:
        number = phonenumbers.parse(text if first[0] == "+" else "+" + text[first.start() :])
    except NumberParseException as error:
        kind = error.error_type
        if kind == NumberParseException.INVALID_COUNTRY_CODE:
            return "", "", "prefix" if re.match("00|011", text.replace(" ", "").lstrip("+")) else "calling_code"
        if kind == NumberParseException.NOT_A_NUMBER and re.search(r"\+[^+\d]+\+", text):
            return "", "", "character"
        return "", "", "too_long" if kind == NumberParseException.TOO_LONG else "too_short"
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if len(e164) > 20:
        # The crate's own bound: 19 digits. No numbering plan comes near it with a three-digit calling code.
        return "", "", "too_long"
    if len(phonenumbers.national_significant_number(number)) not in lengths(number.country_code):
        return "", "", "length"
    region = phonenumbers.region_code_for_number(number)
    if region is None and re.fullmatch(rf"\+1(?:{'|'.join(LATER_US_AREA_CODES)})[2-9]\d{{6}}", e164):
        region = "US"
    if region is None or region == "001":
        return "", "", "no_country"
    return region, e164, ""


def zones(text, overlays):
    """The time zones of a destination, sorted. `overlays` has the overlaid area codes of those that libphonenumber does not
    know."""
    number = phonenumbers.parse(text)
    digits = str(number.national_number)
    if number.country_code == 1 and digits[:3] in overlays:
        return sorted({zone for over in overlays[digits[:3]] for zone in zones(f"+1{over}5550123", {})})
    region = phonenumbers.region_code_for_number(number)
    if PhoneMetadata.metadata_for_region(region).leading_digits:
        # Told apart by a prefix from the countries that share its calling code, and so are its zones.
        return list(time_zones_for_geographical_number(number))
    found = time_zones_for_number(number)
    if found == (UNKNOWN_TIMEZONE,):
        # Of no known type: anywhere in its country.
        found = time_zones_for_geographical_number(country_only(number.country_code))
    return list(found)


def country_only(calling_code):
    """A number that no prefix longer than the calling code has."""
    return phonenumbers.PhoneNumber(country_code=calling_code, national_number=0)


def later_overlays(path):
    """Of the area codes that libphonenumber does not know, which ones they overlay, as far as it knows those."""
    with path.open() as file:
        rows = {row["npa"]: row["overlays"].split() for row in csv.DictReader(file)}
    return {code: [over for over in rows[code] if over not in LATER_US_AREA_CODES] for code in LATER_US_AREA_CODES}


def zone_sample(rng, count):
    """E.164 of destinations whose zones are worth asking for: near the prefixes that the time zone metadata tells apart,
    and of every kind."""
    prefixes = sorted(TIMEZONE_DATA)
    seen = {}
    while len(seen) < count:
        if rng.random() < 0.7:
            prefix = rng.choice(prefixes)
            code = next(code for code in EVERY if prefix.startswith(str(code)))
            region = COUNTRY_CODE_TO_REGION_CODE[code][0]
            length = rng.choice(PhoneMetadata.metadata_for_region_or_calling_code(code, region).general_desc.possible_length)
            text = "+" + prefix + random_digits(rng, max(0, len(str(code)) + length - len(prefix)))
        else:
            text = "+" + random_number(rng)
        _, e164, error = answer(text)
        # What national prefixes are taken off twice is not the same number again.
        if not error and answer(e164)[1] == e164:
            seen[e164] = None
    return list(seen)


# Mexican mobile numbers had a 1 before the ten digits until 2019-08-03, and many address books have it still.
STILL_WRITTEN = {52: {11}}


def lengths(calling_code):
    """How many digits the numbers of a calling code have, in any of its countries, without those that are dialled within
    an area alone."""
    every = [
        PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region).general_desc
        for region in COUNTRY_CODE_TO_REGION_CODE[calling_code]
    ]
    local = set(every[0].possible_length_local_only) - set(every[0].possible_length)
    return {length for desc in every for length in desc.possible_length} - local | STILL_WRITTEN.get(calling_code, set())


def check_later_area_codes(path):
    """The list is exactly what libphonenumber does not know of the area codes in service."""
    unknown = []
    with path.open() as file:
        for row in csv.DictReader(file):
            known = {
                phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{row['npa']}{exchange}550123"))
                for exchange in "23456789"
            }
            if known == {None}:
                unknown.append(row["npa"])
    assert unknown == LATER_US_AREA_CODES, unknown


def sample(node, rng):
    """Digits that match a syntax tree."""
    kind = node[0]
    if kind == "set":
        return rng.choice([str(digit) for digit in range(10) if node[1] >> digit & 1])
    if kind == "cat":
        return "".join(sample(item, rng) for item in node[1])
    if kind == "alt":
        return sample(rng.choice(node[1]), rng)
    if kind == "rep":
        return "".join(sample(node[1], rng) for _ in range(rng.randint(node[2], node[3])))
    return sample(node[2], rng) if kind == "group" else ""


TREES = {}


def tree(pattern):
    if pattern not in TREES:
        TREES[pattern] = automaton.parse(pattern)
    return TREES[pattern]


def random_digits(rng, count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def random_number(rng):
    """Digits that begin with a calling code (a few do not), most of them near to something that the metadata tells
    apart."""
    if rng.random() < 0.03:
        return random_digits(rng, rng.randint(1, 24))
    code = rng.choice(SHARED) if rng.random() < 0.45 else rng.choice(EVERY)
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    region = rng.choice(regions)
    data = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    main = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
    way = rng.random()
    if way < 0.15:
        national = random_digits(rng, rng.randint(1, 19))
    elif way < 0.35:
        length = rng.choice(main.general_desc.possible_length) + rng.choice((-1, 0, 0, 0, 0, 1))
        lead = sample(tree(data.leading_digits), rng) if data.leading_digits and rng.random() < 0.7 else ""
        national = lead + random_digits(rng, max(1, length - len(lead)))
    else:
        descs = [getattr(data, name) for name in DESCRIPTIONS]
        patterns = [desc.national_number_pattern for desc in descs if desc and desc.national_number_pattern]
        national = sample(tree(rng.choice(patterns)), rng)
    if main.national_prefix_for_parsing and rng.random() < 0.25:
        prefix = sample(tree(main.national_prefix_for_parsing), rng)
        if rng.random() < 0.4 and len(prefix) > 1:
            length = rng.choice(main.general_desc.possible_length)
            national = random_digits(rng, max(0, length - len(prefix) + rng.choice((0, 0, 1, 2, 3))))
        national = prefix + national
    change = rng.random()
    if national and change < 0.15:
        at = rng.randrange(len(national))
        national = national[:at] + rng.choice("0123456789") + national[at + 1 :]
    elif change < 0.2:
        national = national[:-1]
    elif change < 0.25:
        national += rng.choice("0123456789")
    return f"{code}{national}"


def written(digits, rng):
    """The same number as people write it."""
    way = rng.random()
    if way < 0.5:
        return "+" + digits
    if way < 0.7:
        return digits
    marks = ["", "", "", " ", "-", ".", "/", "(", ")", "[", "]", "\u00a0", "\u2011", "\u2013", "\u00ad", "\u2060", " (", "\u202f", "\u200e", "\t", "\uff0d"]
    text = "".join(digit + rng.choice(marks) for digit in digits)
    text = rng.choice(["+", "+", "", "++", "(+", " +", "+ ", "(", "+("]) + text
    return text if len(text.encode()) <= 128 else digits


JUNK = [
    "", " ", "+", "++", "()", "- -", "+-.", "1", "+1", "12", "+12", "123", "+123", "0", "00", "000", "+0",
    "0044 20 7946 0123", "+0044 20 7946 0123", "+(44) (0) 20 7946 0123", "+44 (0)20 7946 0123", "(+44) 20 7946 0123",
    "++14155550123", "+ +14155550123", "+1+4155550123", "+14155550123+", "+1 415 555 0123 ext 5", "+14155550123x5",
    "+14155550123;ext=5", "+1 800 FLOWERS", "tel:+14155550123", "Tel: +14155550123", "+1*4155550123", "#14155550123",
    "+14155550123#", "+1~4155550123", "\uff0b14155550123", "+1415555\uff10\uff11\uff12\uff13", "+1415555\u0660\u0661",
    "+1415555012\u00e9", "+1\u30004155550123", "not a number", "999", "+999123456789", "+210123456789",
    "+1 (415) 555-0123", "1-415-555-0123", "1.415.555.0123", "[1] 415/555/0123", "+1 415\u00a0555\u20110123 ",
    "+1 1 415 555 0123", "+1 115 555 0123", "+39 06 698 12345", "+39 02 1234 5678", "+39 347 1234567",
    "+54 11 15 1234 5678", "+54 011 15 1234 5678", "+54 9 11 1234 5678", "+54 3541 15 123456", "+55 0 15 11 91234 5678",
    "+55 0 31 11 91234 5678", "+7 8 495 123 4567", "+7 701 123 4567", "+44 0 7911 123456", "+44 1481 123456",
    "+44 180020 20 7946 0123", "+883 510 012 345 678", "+800 1234 5678", "+808 1234 5678", "+870 773 111 632",
    "+878 10 1234 567 890", "+881 612 345 678", "+882 123 4567", "+888 123 456 78901", "+979 123 456 789",
    "+261 2 123456", "+378 886377", "+378 0549 886377", "+672 22000", "+36 06 1 234 5678", "+81 000 2 12345",
    "+81 0 3 1234 5678", "+298 1001 211234", "+352 15 00 1 27 12 34", "+4912345678901234567", "+44 0 12345678901234567",
    "49305550123.0", "+49 30 555 012.3", "1.41556E+10", "14155550123.00", "45100", "12345", "+45100", "+4526", "00 44 20 7946 0123",
    "011 44 20 7946 0123", "0114155550123456789", "001 415 555 0123", "tel:+44-20-7946-0123", "tel:nobody", "\u202a+14155550123\u202c",
    "\u2068+1 415 555 0123\u2069", "\u200e+1415\u202f555\u202f0123", "\uff0b\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff12\uff13",
    "+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0662\u0663", "+1\u3000415\uff08555\uff090123", "+1\t415\t5550123",
    "+2111234567890123456", "+21112345678901234567", "+62 12345678901234567", "+1234567890123456789012345678901234567890",
    "+1 8001234567", "+1 2681", "+1 268", "+1 26", "+7 7", "+7 77",
]  # fmt: skip


def fixture(more):
    """The numbers of tests/data/numbers.csv, always the same."""
    rng = random.Random(9043)
    seen = {}
    for text in [*JUNK, *more]:
        seen[text] = None
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in regions:
            for kind in TYPES:
                if region == "001":
                    example = phonenumbers.example_number_for_non_geo_entity(code)
                else:
                    example = phonenumbers.example_number_for_type(region, kind)
                if example:
                    seen[phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)] = None
    for code in LATER_US_AREA_CODES:
        for rest in ("2005550", "9125550", "0125550", "1125550", "212555", "21255501"):
            seen[f"+1{code}{rest}"] = None
    while len(seen) < 4500:
        seen[written(random_number(rng), rng)] = None
    return list(seen)
