"""Prints the rows of a log's Parquet files as JSON lines, read with pyarrow, after DuckDB has read the same."""

import glob
import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

pattern = f"{sys.argv[1]}/decisions-*.parquet"
files = sorted(glob.glob(pattern))
assert files, pattern
tables = [pq.read_table(file) for file in files]
schema = tables[0].schema
assert schema.field("time").type == pa.timestamp("us", tz="UTC"), schema
assert schema.field("message_id").type == pa.string(), schema
assert isinstance(schema.field("attributes").type, pa.MapType), schema
rows = [row for table in tables for row in table.to_pylist()]

for file in files:
    metadata = pq.ParquetFile(file).metadata
    assert metadata.metadata[b"callsign.log"] == b"1"
    group = metadata.row_group(0)
    times = group.column(0).statistics
    assert times.has_min_max and times.min <= times.max

# The same in DuckDB, which asks the Bloom filters.
ids = [row["message_id"] for row in rows if row["message_id"]]
count, senders = duckdb.sql(
    f"SELECT count(*), count(DISTINCT sender) FROM '{pattern}' WHERE refusal IS NULL"
).fetchall()[0]
decided = [row for row in rows if row["refusal"] is None]
assert (count, senders) == (len(decided), len({row["sender"] for row in decided}))
found = duckdb.execute(f"SELECT sender, attributes['campaign'] FROM '{pattern}' WHERE message_id = ?", [ids[4]]).fetchall()
wanted = next(row for row in rows if row["message_id"] == ids[4])
assert found == [(wanted["sender"], dict(wanted["attributes"]).get("campaign"))], (found, wanted)
exclude = "SELECT count(*) FROM parquet_bloom_probe(?, 'message_id', ?) WHERE bloom_filter_excludes"
assert duckdb.execute(exclude, [files[0], ids[0]]).fetchall() == [(0,)]
assert duckdb.execute(exclude, [files[0], "no such id"]).fetchall() == [(1,)]


def plain(value):
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1_000_000)
    return value


for row in rows:
    row = {name: plain(value) for name, value in row.items()}
    row["attributes"] = dict(row["attributes"])
    print(json.dumps(row))
