// Numbers of 64 bits are texts of 16 hexadecimal digits, as numbers of JavaScript have 53 bits. `callsign policy build` sees
// to that on the way in and out.

/** The key of no text. */
export const NO_KEY = "0000000000000000";

/** A key of a number. */
export const keyOf = (number) => BigInt.asUintN(64, BigInt(number)).toString(16).padStart(16, "0");

/** A key as a `BigInt`, to calculate with. */
export const bits = (key) => BigInt(`0x${key}`);

/** A key as a number; exact up to 2^53. */
export const numberOf = (key) => parseInt(key, 16);

/** The number of a byte of a key, where byte 0 is the lowest. */
export const byteOf = (key, index) => parseInt(key.slice(14 - 2 * index, 16 - 2 * index), 16);
