-- Names of what pins are kept under: a pin has hashes only, listings join the names. Rows are added and never change.
CREATE TABLE scopes (
    scope uuid PRIMARY KEY,
    application text NOT NULL,
    entity text
);
CREATE TABLE senders (
    sender bigint PRIMARY KEY,
    id text NOT NULL
);

-- The widest columns first, so that no space is lost between them: 24 bytes of header and 62 of pin.
CREATE TABLE pins (
    sender bigint NOT NULL,
    -- Seconds since 1970.
    first_used bigint NOT NULL,
    last_used bigint NOT NULL,
    -- The sender that the write of this pin expected; nothing for an insert. Kept because ON CONFLICT sees of a write
    -- only what would become the row. It takes no space where it is nothing.
    replaced bigint,
    scope uuid NOT NULL,
    recipient uuid NOT NULL,
    -- After how many days without use it ends; 0 for never.
    idle_days integer NOT NULL,
    channel smallint NOT NULL,
    PRIMARY KEY (scope, channel, recipient)
) PARTITION BY HASH (recipient);

-- A key, and all pins of a recipient, are in one partition. 5 % of a page is left free: a touch changes no column of an
-- index, and with room in the page it writes that page only.
CREATE TABLE pins_00 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 0) WITH (fillfactor = 95);
CREATE TABLE pins_01 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 1) WITH (fillfactor = 95);
CREATE TABLE pins_02 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 2) WITH (fillfactor = 95);
CREATE TABLE pins_03 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 3) WITH (fillfactor = 95);
CREATE TABLE pins_04 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 4) WITH (fillfactor = 95);
CREATE TABLE pins_05 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 5) WITH (fillfactor = 95);
CREATE TABLE pins_06 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 6) WITH (fillfactor = 95);
CREATE TABLE pins_07 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 7) WITH (fillfactor = 95);
CREATE TABLE pins_08 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 8) WITH (fillfactor = 95);
CREATE TABLE pins_09 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 9) WITH (fillfactor = 95);
CREATE TABLE pins_10 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 10) WITH (fillfactor = 95);
CREATE TABLE pins_11 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 11) WITH (fillfactor = 95);
CREATE TABLE pins_12 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 12) WITH (fillfactor = 95);
CREATE TABLE pins_13 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 13) WITH (fillfactor = 95);
CREATE TABLE pins_14 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 14) WITH (fillfactor = 95);
CREATE TABLE pins_15 PARTITION OF pins FOR VALUES WITH (MODULUS 16, REMAINDER 15) WITH (fillfactor = 95);

CREATE INDEX pins_of_sender ON pins (sender, recipient);
-- By the hash that the partitions are made with: half the size, and no look-up of a key can take it for the primary key
-- and read all scopes of a recipient.
CREATE INDEX pins_of_recipient ON pins (uuid_hash_extended(recipient, 0));

-- How recipients are kept: one row.
CREATE TABLE recipients (
    one_row boolean PRIMARY KEY CHECK (one_row),
    -- The fingerprint of the key that they are hashed with; empty where they are numbers.
    fingerprint text NOT NULL
);

-- Where the search for ended pins is: one row, held by the process that searches.
CREATE TABLE sweep (
    one_row boolean PRIMARY KEY CHECK (one_row),
    partition smallint NOT NULL,
    page bigint NOT NULL,
    swept_at double precision NOT NULL
);
INSERT INTO sweep VALUES (true, 0, 0, 0);
