/*
 * Callsign for programs in C, and in any language that calls C: from which sender should a message go out?
 *
 * This file is made of the source by `make header`.
 *
 * What holds for every function:
 *
 * - It returns a status, and writes what it has to give where a pointer says. What went wrong in words, and where, is kept in the error
 *   that it was given, if it was given one that is open; {0} stands for none.
 * - A handle is a number. One that was closed, that never was open or that is of another kind is CALLSIGN_STATUS_HANDLE, and never
 *   the handle of something else. Closing what is in use on another thread is allowed: calls under way end as they would.
 * - A text is a pointer and a length in UTF-8. Nothing is kept of a text, or of any other pointer, after the call.
 * - Texts that are given are copied into memory of the caller, which may be used and freed as the caller likes.
 * - Null pointers, wrong sizes, lengths out of bounds and texts that are not UTF-8 are an error. A pointer that is not null must have as
 *   much memory behind it as its type or length says, and no other thread may change that memory during the call.
 * - Structs begin with their size, which the caller sets.
 * - No exception and no panic comes out. Nothing is global: two parts of a program that use the library do not see each other.
 * - After fork() the child cannot use the library if the parent did before: every function is CALLSIGN_STATUS_FORKED there. Open it in
 *   the child, or start programs with posix_spawn or exec.
 */

#ifndef CALLSIGN_H
#define CALLSIGN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 The version of this ABI: the first two bytes count changes that break programs, the last two those that add to it.
 `callsign_gateway_open` takes the one that the program was compiled with.
 */
#define CALLSIGN_ABI_VERSION 65536

/*
 The most bytes of one text of a message: 255 characters of four bytes each, and a few more.
 */
#define CALLSIGN_MAX_TEXT 1024

/*
 The most bytes of a path, an address or another name.
 */
#define CALLSIGN_MAX_PATH 4096

/*
 The most bytes of options, settings, signals and edits: 64 MiB.
 */
#define CALLSIGN_MAX_OPTIONS (64 << 20)

/*
 The most channels of a message.
 */
#define CALLSIGN_MAX_CHANNELS 8

/*
 The most messages of a batch.
 */
#define CALLSIGN_MAX_BATCH 10000

/*
 How many bytes of text a caller must have room for: for each decision, and for each channel of its message after the first.
 No id has as many, so none is ever cut; the sentence of a refusal is cut to what is left.
 */
#define CALLSIGN_DECISION_TEXT 4096

/*
 How many events a gateway keeps for a caller that does not fetch them; the oldest are dropped first.
 */
#define CALLSIGN_MAX_EVENTS 1024

/*
 The most handles of all kinds that are open at a time.
 */
#define CALLSIGN_MAX_HANDLES 65536

/*
 What became of a call.
 */
enum callsign_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /*
   It was done.
   */
  CALLSIGN_STATUS_OK = 0,
  /*
   The program was compiled for another version of this ABI.
   */
  CALLSIGN_STATUS_ABI_VERSION = 1,
  /*
   A pointer that must not be null is null, or it is not aligned as its type is.
   */
  CALLSIGN_STATUS_POINTER = 2,
  /*
   The `size` of a struct is none that this version knows.
   */
  CALLSIGN_STATUS_STRUCT_SIZE = 3,
  /*
   A length or a number is out of its bounds.
   */
  CALLSIGN_STATUS_LENGTH = 4,
  /*
   A text is not UTF-8.
   */
  CALLSIGN_STATUS_UTF8 = 5,
  /*
   A handle is not open: it was never opened or is closed already, or it is of another kind.
   */
  CALLSIGN_STATUS_HANDLE = 6,
  /*
   The caller's memory has not enough room.
   */
  CALLSIGN_STATUS_ROOM = 7,
  /*
   The process was forked after the library was first used. Nothing can be done in the child.
   */
  CALLSIGN_STATUS_FORKED = 8,
  /*
   The library has a fault of its own. The call was given up; what it was made on can be used on.
   */
  CALLSIGN_STATUS_INTERNAL = 9,
  /*
   So many handles are open that there is no room for one more.
   */
  CALLSIGN_STATUS_TOO_MANY_HANDLES = 10,
  /*
   The catalog cannot be read, or has faults.
   */
  CALLSIGN_STATUS_CATALOG = 20,
  /*
   An edit of the catalog cannot be made.
   */
  CALLSIGN_STATUS_EDIT = 21,
  /*
   The catalog was changed since the revision that the edit was made of.
   */
  CALLSIGN_STATUS_OVERTAKEN = 22,
  /*
   A message has a value that no message may have.
   */
  CALLSIGN_STATUS_MESSAGE = 23,
  /*
   The options are not JSON, or have a value that they may not have.
   */
  CALLSIGN_STATUS_OPTIONS = 24,
  /*
   The component cannot be used as a policy, or does not accept its settings.
   */
  CALLSIGN_STATUS_POLICY = 25,
  /*
   The binding cannot be changed in this way.
   */
  CALLSIGN_STATUS_BINDING = 26,
  /*
   The store of pins cannot be opened.
   */
  CALLSIGN_STATUS_STORE = 27,
  /*
   The decision log cannot be opened.
   */
  CALLSIGN_STATUS_LOG = 28,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum callsign_status callsign_status;
#else
typedef int32_t callsign_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/*
 Channels of messages.
 */
enum callsign_channel
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /*
   SMS.
   */
  CALLSIGN_CHANNEL_SMS = 1,
  /*
   MMS.
   */
  CALLSIGN_CHANNEL_MMS = 2,
  /*
   RCS.
   */
  CALLSIGN_CHANNEL_RCS = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum callsign_channel callsign_channel;
#else
typedef uint32_t callsign_channel;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/*
 Types of senders. 0 stands for none.
 */
enum callsign_sender_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /*
   A word that recipients see.
   */
  CALLSIGN_SENDER_TYPE_ALPHANUMERIC = 1,
  /*
   A telephone number.
   */
  CALLSIGN_SENDER_TYPE_VIRTUAL_LONG_NUMBER = 2,
  /*
   A short code.
   */
  CALLSIGN_SENDER_TYPE_SHORT_CODE = 3,
  /*
   A number that is free for callers.
   */
  CALLSIGN_SENDER_TYPE_TOLL_FREE_NUMBER = 4,
  /*
   An RCS agent.
   */
  CALLSIGN_SENDER_TYPE_RCS_AGENT = 5,
  /*
   A type that a newer gateway has.
   */
  CALLSIGN_SENDER_TYPE_OTHER = 255,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum callsign_sender_type callsign_sender_type;
#else
typedef uint32_t callsign_sender_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/*
 The step that settled a decision. 0 stands for none: the message was refused.
 */
enum callsign_step
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /*
   The message named its sender.
   */
  CALLSIGN_STEP_EXPLICIT = 1,
  /*
   The default sender of the entity or of the application.
   */
  CALLSIGN_STEP_DEFAULT_SENDER = 2,
  /*
   The sender that the recipient is pinned to.
   */
  CALLSIGN_STEP_STICKY = 3,
  /*
   A number with the recipient's own area code.
   */
  CALLSIGN_STEP_AREA_CODE = 4,
  /*
   A number whose area code overlays the recipient's.
   */
  CALLSIGN_STEP_OVERLAY = 5,
  /*
   A number of the recipient's state or province.
   */
  CALLSIGN_STEP_REGION = 6,
  /*
   One of the pool.
   */
  CALLSIGN_STEP_POOL = 7,
  /*
   A step that a newer gateway has.
   */
  CALLSIGN_STEP_OTHER = 255,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum callsign_step callsign_step;
#else
typedef uint32_t callsign_step;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/*
 Why a message has no sender. 0 stands for none: it has one.
 */
enum callsign_refusal
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /*
   `to` is no number that messages can be sent to.
   */
  CALLSIGN_REFUSAL_INVALID_DESTINATION = 1,
  /*
   `from` is no sender of the catalog.
   */
  CALLSIGN_REFUSAL_SENDER_NOT_REGISTERED = 2,
  /*
   `from` is suspended, does not cover the channel and country, or is not for messages of this type.
   */
  CALLSIGN_REFUSAL_SENDER_NOT_CAPABLE = 3,
  /*
   There are no strategies.
   */
  CALLSIGN_REFUSAL_NO_STRATEGY = 4,
  /*
   No strategy that counts is for this channel.
   */
  CALLSIGN_REFUSAL_CHANNEL_NOT_ALLOWED = 5,
  /*
   No strategy that counts is for this country.
   */
  CALLSIGN_REFUSAL_COUNTRY_NOT_ALLOWED = 6,
  /*
   No sender, and no default sender, can carry the message.
   */
  CALLSIGN_REFUSAL_NO_ELIGIBLE_SENDER = 7,
  /*
   The pin could not be read or written.
   */
  CALLSIGN_REFUSAL_STICKY_UNAVAILABLE = 8,
  /*
   The policy failed.
   */
  CALLSIGN_REFUSAL_POLICY_FAILED = 9,
  /*
   The decision could not be recorded, and the log is to lose none.
   */
  CALLSIGN_REFUSAL_LOG_UNAVAILABLE = 10,
  /*
   A reason of the policy's own: `refusal_code` has its word.
   */
  CALLSIGN_REFUSAL_OWN = 100,
  /*
   A reason that a newer gateway has: `refusal_code` has its word.
   */
  CALLSIGN_REFUSAL_OTHER = 255,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum callsign_refusal callsign_refusal;
#else
typedef uint32_t callsign_refusal;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/*
 What the last call that failed says about it. It is the caller's: one for each thread, or one for all. `{0}` stands for none.
 */
typedef struct callsign_error {
  /*
   A number that never comes again.
   */
  uint64_t id;
} callsign_error;

/*
 A text in UTF-8 without a zero at its end. `data` is null where there is none; an empty text has a `data` and the length 0.
 */
typedef struct callsign_text {
  /*
   The first byte.
   */
  const char *data;
  /*
   The number of bytes.
   */
  size_t length;
} callsign_text;

/*
 One thing that is wrong, and where. The texts are in the memory that the caller gave with the call.
 */
typedef struct callsign_fault {
  /*
   Set by the caller: `sizeof(callsign_fault)`.
   */
  size_t size;
  /*
   The line in the text, from 1; 0 if the value does not come from a text with lines.
   */
  uint64_t line;
  /*
   The character in the line, from 1; 0 likewise.
   */
  uint64_t column;
  /*
   The path of the value, such as `$.senders[3].coverage[0]` in a catalog or `messages[2].channels` in a batch.
   */
  struct callsign_text path;
  /*
   What is wrong there, and what would be right.
   */
  struct callsign_text message;
} callsign_fault;

/*
 A text of any length that the library writes and the caller reads.
 */
typedef struct callsign_output {
  /*
   A number that never comes again.
   */
  uint64_t id;
} callsign_output;

/*
 A valid catalog.
 */
typedef struct callsign_catalog {
  /*
   A number that never comes again.
   */
  uint64_t id;
} callsign_catalog;

/*
 What decides.
 */
typedef struct callsign_gateway {
  /*
   A number that never comes again.
   */
  uint64_t id;
} callsign_gateway;

/*
 A compiled policy with its settings and limits.
 */
typedef struct callsign_policy {
  /*
   A number that never comes again.
   */
  uint64_t id;
} callsign_policy;

/*
 A text by name.
 */
typedef struct callsign_attribute {
  /*
   1 to 64 letters, digits, `_`, `.` and `-`.
   */
  struct callsign_text name;
  /*
   Up to 255 characters.
   */
  struct callsign_text value;
} callsign_attribute;

/*
 What the choice of a sender needs to know of a message. Set all to 0, then `size`, then what there is.
 */
typedef struct callsign_message {
  /*
   `sizeof(callsign_message)`.
   */
  size_t size;
  /*
   E.164, with or without the leading `+`; spaces, dashes, dots and brackets are ignored. Must be there.
   */
  struct callsign_text to;
  /*
   None stands for the application `default`.
   */
  struct callsign_text application_id;
  /*
   None for a message of the application itself.
   */
  struct callsign_text entity_id;
  /*
   The sender that overrides every strategy.
   */
  struct callsign_text from;
  /*
   `TRANSACTIONAL`, `PROMOTIONAL`, or a word of the platform's own.
   */
  struct callsign_text message_type;
  /*
   Only a decision log has it.
   */
  struct callsign_text message_id;
  /*
   When it goes out, in seconds since 1970-01-01 UTC; 0 for no time.
   */
  uint64_t sent_at;
  /*
   For policies of tenants, up to 32.
   */
  const struct callsign_attribute *attributes;
  /*
   How many there are.
   */
  size_t attribute_count;
  /*
   `callsign_channel`: the channel, or several in order of preference, each once.
   */
  uint32_t channels[CALLSIGN_MAX_CHANNELS];
  /*
   How many there are, at least 1.
   */
  uint32_t channel_count;
  /*
   The trace id of W3C Trace Context, for the decision log; all 0 for none.
   */
  uint8_t trace_id[16];
} callsign_message;

/*
 What became of a message. The texts are in the memory that the caller gave with the call.
 */
typedef struct callsign_decision {
  /*
   Set by the caller: `sizeof(callsign_decision)`. Of several it is the distance between them, too.
   */
  size_t size;
  /*
   Set by the caller: room for what the channels after that of the decision would get, each with its `size`. May be null for a
   message with a single channel.
   */
  struct callsign_decision *fallbacks;
  /*
   Set by the caller: how many there is room for, at least the number of the message's channels less one.
   */
  size_t fallback_capacity;
  /*
   How many there are.
   */
  size_t fallback_count;
  /*
   `callsign_channel`: that of the decision.
   */
  uint32_t channel;
  /*
   `callsign_sender_type`; 0 if the message was refused.
   */
  uint32_t sender_type;
  /*
   `callsign_step`; 0 if the message was refused.
   */
  uint32_t step;
  /*
   `callsign_refusal`; 0 if the message has a sender.
   */
  uint32_t refusal;
  /*
   The sender's id in the catalog.
   */
  struct callsign_text sender_id;
  /*
   The sender as recipients see it: a number in E.164, any other address as the catalog has it.
   */
  struct callsign_text sender;
  /*
   The strategy that was followed; none if the message named its sender.
   */
  struct callsign_text strategy_id;
  /*
   The policy that decided, as `name@version`.
   */
  struct callsign_text policy;
  /*
   The word of the refusal, such as `NO_ELIGIBLE_SENDER`, or one of the policy's own.
   */
  struct callsign_text refusal_code;
  /*
   The sentence of the refusal, for people.
   */
  struct callsign_text refusal_message;
  /*
   Why the recipient's pin was not read or not written, if it should have been.
   */
  struct callsign_text unpinned;
} callsign_decision;

/*
 Whom a binding is for. A null pointer to it stands for the platform: everybody.
 */
typedef struct callsign_target {
  /*
   `sizeof(callsign_target)`.
   */
  size_t size;
  /*
   The application; none for the platform.
   */
  struct callsign_text application_id;
  /*
   An entity of it; none for the application and all of its entities.
   */
  struct callsign_text entity_id;
} callsign_target;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Opens an error, which any call can be given and which then keeps why the call failed. A call that succeeds leaves it as it was.

 Any thread may call it. Give each thread an error of its own: of one that threads share, the last failure counts.
 */
callsign_status callsign_error_open(struct callsign_error *error);

/*
 Closes an error.

 Any thread may call it; calls under way on other threads end as they would.
 */
callsign_status callsign_error_close(struct callsign_error error);

/*
 The status of the last failure: `CALLSIGN_STATUS_OK` if there was none. `length` is set to the bytes of its sentence, and
 `faults` to the number of its faults; either may be null.

 Any thread may call it.
 */
callsign_status callsign_error_status(struct callsign_error error,
                                      callsign_status *status,
                                      size_t *length,
                                      size_t *faults);

/*
 Writes the sentence of the last failure, for people, into `buffer`, with a zero at its end. One that has not enough room is
 cut, but never inside a character; `written`, which may be null, is set to its bytes without the zero.

 Any thread may call it.
 */
callsign_status callsign_error_message(struct callsign_error error,
                                       char *buffer,
                                       size_t capacity,
                                       size_t *written);

/*
 Fills in a fault of the last failure, by its index from 0. Its texts are written into `buffer`, which needs room for
 `CALLSIGN_DECISION_TEXT` bytes; longer ones are cut.

 A catalog can have up to 1,000 faults, in the order of the file. Any thread may call it.
 */
callsign_status callsign_error_fault(struct callsign_error error,
                                     size_t index,
                                     struct callsign_fault *fault,
                                     char *buffer,
                                     size_t capacity);

/*
 Opens an output, which is empty until a call writes to it.

 Any thread may call it. Give each thread an output of its own: of one that threads share, the last text counts.
 */
callsign_status callsign_output_open(struct callsign_output *output, struct callsign_error error);

/*
 Closes an output.

 Any thread may call it; calls under way on other threads end as they would.
 */
callsign_status callsign_output_close(struct callsign_output output, struct callsign_error error);

/*
 Sets `length` to the bytes that an output has.

 Any thread may call it.
 */
callsign_status callsign_output_length(struct callsign_output output, size_t *length, struct callsign_error error);

/*
 Writes what an output has into `buffer`, without a zero at its end. There must be room for all of it.

 Any thread may call it.
 */
callsign_status callsign_output_read(struct callsign_output output,
                                     char *buffer,
                                     size_t capacity,
                                     size_t *written,
                                     struct callsign_error error);

/*
 Reads and checks a catalog from a text in memory, `length` bytes of JSON.

 `name` may be left out. A decision log names the catalog of each decision by it, and `callsign replay` finds a file whose name is
 `sha256:` and the SHA-256 of its bytes in small hexadecimal digits.

 Any thread may call it. If the catalog has faults, the error has each of them with its place.
 */
callsign_status callsign_catalog_open_text(const char *text,
                                           size_t length,
                                           struct callsign_text name,
                                           struct callsign_catalog *catalog,
                                           struct callsign_error error);

/*
 Reads and checks a catalog from a file. `name` is that of `callsign_catalog_open_text`.

 Any thread may call it. If the catalog has faults, the error has each of them with its place.
 */
callsign_status callsign_catalog_open_file(struct callsign_text path,
                                           struct callsign_text name,
                                           struct callsign_catalog *catalog,
                                           struct callsign_error error);

/*
 Closes a catalog. Gateways that were opened with it go on.

 Any thread may call it.
 */
callsign_status callsign_catalog_close(struct callsign_catalog catalog, struct callsign_error error);

/*
 Lets a gateway decide on another catalog from now on. Decisions under way finish on the one that they began with.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_replace_catalog(struct callsign_gateway gateway,
                                                 struct callsign_catalog catalog,
                                                 struct callsign_error error);

/*
 Writes the catalog of a gateway to an output, as the JSON of a file, and sets `revision`, which may be null, to its number.

 Any thread may call it.
 */
callsign_status callsign_gateway_catalog(struct callsign_gateway gateway,
                                         struct callsign_output output,
                                         uint64_t *revision,
                                         struct callsign_error error);

/*
 Sets `revision` to the number of the catalog that a gateway decides on now, for `callsign_gateway_edit`.

 Any thread may call it.
 */
callsign_status callsign_gateway_revision(struct callsign_gateway gateway,
                                          uint64_t *revision,
                                          struct callsign_error error);

/*
 Changes elements of a gateway's catalog: all of them, in order, or none, and only if the catalog that is served is still the one with
 the number `revision` (else `CALLSIGN_STATUS_OVERTAKEN`: read the new number and make the edits again). `served`, which may be
 null, is set to the number of the new one.

 `edits` is a JSON array of `{"put": LIST, "element": {...}}` and `{"remove": LIST, "element": {"senderId": ...}}`, where `LIST` is a
 list of the catalog file, such as `senders`, and an element is written as there.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_edit(struct callsign_gateway gateway,
                                      uint64_t revision,
                                      struct callsign_text edits,
                                      uint64_t *served,
                                      struct callsign_error error);

/*
 Makes a policy of a component in memory.

 `options` is JSON, and may be left out: `{"settings": ..., "calls": N, "limits": {...}}`. `settings` is any JSON, which the policy
 checks. `calls` is for how many calls an instance is used, 10,000,000 by default; 1 gives each call a fresh one. `limits` has
 `deadlineMilliseconds` (200), `memory` (bytes, 128 MiB), `idleMemory` (1 GiB), `tableElements` (20,000), `fuel` (instructions for each
 message, no limit), `imports` (2,000 for each message), `returned` (bytes, 16 MiB), `component` (bytes, 32 MiB) and
 `compileMilliseconds` (60,000).

 Any thread may call it. The component is compiled on the calling thread, which takes a tenth of a second or more.
 */
callsign_status callsign_policy_open_bytes(const char *component,
                                           size_t length,
                                           struct callsign_text options,
                                           struct callsign_policy *policy,
                                           struct callsign_error error);

/*
 Makes a policy of a component in a file. `options` are those of `callsign_policy_open_bytes`.

 Any thread may call it.
 */
callsign_status callsign_policy_open_file(struct callsign_text path,
                                          struct callsign_text options,
                                          struct callsign_policy *policy,
                                          struct callsign_error error);

/*
 Makes the standard policy, which follows the specification. `options` are those of `callsign_policy_open_bytes`.

 Any thread may call it.
 */
callsign_status callsign_policy_open_standard(struct callsign_text options,
                                              struct callsign_policy *policy,
                                              struct callsign_error error);

/*
 Writes the label of a policy, `name@version`, to an output.

 Any thread may call it.
 */
callsign_status callsign_policy_label(struct callsign_policy policy,
                                      struct callsign_output output,
                                      struct callsign_error error);

/*
 Closes a policy. Gateways that it is bound in go on with it.

 Any thread may call it.
 */
callsign_status callsign_policy_close(struct callsign_policy policy, struct callsign_error error);

/*
 The version of this ABI that the library has.

 Any thread may call it.
 */
uint32_t callsign_abi_version(void);

/*
 The version of the library, such as `0.1.0`: a text that is always there, with a zero at its end.

 Any thread may call it.
 */
const char *callsign_version(void);

/*
 Opens a gateway on a catalog.

 `abi_version` is `CALLSIGN_ABI_VERSION` of the header that the program was compiled with. `policy` is what decides for the platform;
 `{0}` stands for the standard policy. The catalog and the policy may be closed afterwards.

 `options` is JSON, and may be left out:
 `{"pins": {"store": ADDRESS, "key": HEX, "plain": false}, "requestMilliseconds": 1000, "millisecondsPerSecond": N}`. `store` is where
 pins are kept: a folder, or an address that begins with `postgres://`, `redis://` or `rediss://`; without it they are in memory.
 `key` hashes recipients (64 hexadecimal digits; a folder has a key of its own), `plain` lets a new folder keep numbers as they
 are. `requestMilliseconds` is how long the policies of a call may take for each 1,000 of its messages, `millisecondsPerSecond`
 how long those of one application may take in each second, which has no bound by default.

 Any thread may call it.
 */
callsign_status callsign_gateway_open(uint32_t abi_version,
                                      struct callsign_catalog catalog,
                                      struct callsign_policy policy,
                                      struct callsign_text options,
                                      struct callsign_gateway *gateway,
                                      struct callsign_error error);

/*
 Closes a gateway. Decisions under way on other threads are made to their end; the last of them frees it. What a decision log was
 given is written then.

 Any thread may call it.
 */
callsign_status callsign_gateway_close(struct callsign_gateway gateway,
                                       struct callsign_error error);

/*
 Decides from which sender a message goes out. The policy runs on this thread, up to its deadline.

 `decision` is filled in; its texts are written into `buffer`, which needs room for `CALLSIGN_DECISION_TEXT` bytes for each
 channel of the message. A refusal is a decision, and its status is `CALLSIGN_STATUS_OK`. Neither may overlap the message.

 Any number of threads may call it at once, none waits for another one. It allocates nothing once the gateway is warm.
 */
callsign_status callsign_resolve(struct callsign_gateway gateway,
                                 const struct callsign_message *message,
                                 struct callsign_decision *decision,
                                 char *buffer,
                                 size_t capacity,
                                 struct callsign_error error);

/*
 Decides several messages, each as `callsign_resolve` would, on one catalog and one set of policies. It is faster than one by one, and
 new pins are written together.

 `messages` and `decisions` are arrays of `count` structs, at most `CALLSIGN_MAX_BATCH`. `buffer` needs room for
 `CALLSIGN_DECISION_TEXT` bytes for each channel of each message: what is not written to takes no memory. If one message is
 invalid nothing is decided, and the path of its fault begins with `messages[INDEX]`.

 Any number of threads may call it at once.
 */
callsign_status callsign_resolve_batch(struct callsign_gateway gateway,
                                       const struct callsign_message *messages,
                                       struct callsign_decision *decisions,
                                       size_t count,
                                       char *buffer,
                                       size_t capacity,
                                       struct callsign_error error);

/*
 Writes why a message gets its sender to an output, as JSON: the decision, and what each step of the resolution found. No pin is
 written.

 Any number of threads may call it at once.
 */
callsign_status callsign_explain(struct callsign_gateway gateway,
                                 const struct callsign_message *message,
                                 struct callsign_output output,
                                 struct callsign_error error);

/*
 Puts a policy to use for a target. First it checks its settings, its instances start and it answers the probes of its options; then it
 serves. If it fails in that, what served before serves on.

 `options` is JSON, and may be left out: `{"onFailure": "REFUSE" or "STANDARD", "onUnavailable": "REFUSE" or "DECIDE_UNPINNED",
 "breaker": {"failures": 20, "restSeconds": 5}, "probes": [...]}`. `onFailure` says what happens to a message that the policy fails on:
 it is refused, or the standard policy decides. `onUnavailable` says what happens if a pin cannot be read or written. After so
 many `failures` in a row the policy is not called for `restSeconds`. A probe is a message: `{"applicationId": ..., "entityId": ...,
 "channel": "SMS", "to": ..., "messageType": ..., "sentAt": SECONDS, "attributes": {...}}`, with what is expected, if anything:
 `"senderId"`, `"step"` or `"refusal"`.

 Any thread may call it, also while others decide: they wait for nothing.
 */
callsign_status callsign_gateway_swap(struct callsign_gateway gateway,
                                      const struct callsign_target *target,
                                      struct callsign_policy policy,
                                      struct callsign_text options,
                                      struct callsign_error error);

/*
 Whether `callsign_gateway_swap` would put a policy to use. Nothing changes.

 Any thread may call it.
 */
callsign_status callsign_gateway_check(struct callsign_gateway gateway,
                                       const struct callsign_target *target,
                                       struct callsign_policy policy,
                                       struct callsign_text options,
                                       struct callsign_error error);

/*
 Lets a candidate decide beside the policy that serves a target. Its answers are compared and have no effect. `options` are those
 of `callsign_gateway_swap`; `callsign_gateway_binding` says what was found.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_shadow(struct callsign_gateway gateway,
                                        const struct callsign_target *target,
                                        struct callsign_policy policy,
                                        struct callsign_text options,
                                        struct callsign_error error);

/*
 Lets a candidate serve a share of a target's recipients, in thousandths (1 to 1,000), always the same ones. `options` are those of
 `callsign_gateway_swap`.

 `rollback` is JSON, and may be left out: `{"perMille": 50, "answers": 100, "windowSeconds": 60}`. The candidate is rolled back
 automatically when more than `perMille` thousandths of at least `answers` answers within `windowSeconds` are failures or
 refusals.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_canary(struct callsign_gateway gateway,
                                        const struct callsign_target *target,
                                        struct callsign_policy policy,
                                        struct callsign_text options,
                                        uint32_t per_mille,
                                        struct callsign_text rollback,
                                        struct callsign_error error);

/*
 Lets the candidate of a target serve all of it: its canary, or else its shadow.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_promote(struct callsign_gateway gateway,
                                         const struct callsign_target *target,
                                         struct callsign_error error);

/*
 Takes the candidates of a target off.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_withdraw(struct callsign_gateway gateway,
                                          const struct callsign_target *target,
                                          struct callsign_error error);

/*
 Goes back to the policy that served a target before. The last 16 are kept.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_rollback(struct callsign_gateway gateway,
                                          const struct callsign_target *target,
                                          struct callsign_error error);

/*
 Removes the binding of an application or entity: the more general one serves.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_unbind(struct callsign_gateway gateway,
                                        const struct callsign_target *target,
                                        struct callsign_error error);

/*
 Writes the binding of a target to an output, as JSON: `history`, the policies that served it with the second since 1970 `until` which
 they did, the last of them without, since it serves; how many of its `failures` there were; and its candidates, `shadow` and
 `canary`. Of a shadow `comparison` says how many messages were `compared`, how many were `different`, how many were `dropped`, and
 has `samples`. A target without a binding has an empty history.

 Any thread may call it.
 */
callsign_status callsign_gateway_binding(struct callsign_gateway gateway,
                                         const struct callsign_target *target,
                                         struct callsign_output output,
                                         struct callsign_error error);

/*
 Sets what a gateway's policies read of the health of senders, and the numbers of them by name. It replaces all signals that were set
 before. No catalog is indexed, and the next decision reads it.

 `signals` is JSON: `{"health": [{"senderId": "S1", "channel": "SMS", "country": "US", "unhealthySince": 1767225600}], "numbers":
 [{"senderId": "S1", "name": "load", "number": 0.75}]}`. Without `channel` or `country` a report is about all of them; times are in
 seconds since 1970-01-01 UTC, and a report without `unhealthySince` says that the sender is healthy. Of several reports about a
 channel and a country the last one counts. Who is not named is healthy.

 Any thread may call it, also while others decide. If several do, the last one counts.
 */
callsign_status callsign_gateway_set_signals(struct callsign_gateway gateway,
                                             struct callsign_text signals,
                                             struct callsign_error error);

/*
 Takes the oldest event that was not fetched yet: what happened to a policy of the gateway. It is written to the output as JSON,
 such as `{"event": "swapped", "for": {"applicationId": "shop"}, "from": ..., "to": ...}`; if there is none the output is empty. A
 gateway keeps the last `CALLSIGN_MAX_EVENTS`; `missed` says how many were dropped before this one.

 Any thread may call it, and it never waits. Each event is given once.
 */
callsign_status callsign_gateway_next_event(struct callsign_gateway gateway,
                                            struct callsign_output output,
                                            struct callsign_error error);

/*
 Records every decision of a gateway from now on in the log in a folder, which is made if there is none. It replaces the log before, if
 there was one; decisions under way finish as they began.

 `options` is JSON, and may be left out: `{"promise": "DROP" or "KEEP", "recipients": "SEALED" or "PLAIN", "attributes": [NAME],
 "key": HEX, "segmentBytes": N, "segmentSeconds": N, "keepSeconds": N, "keepBytes": N, "parquet": true}`. With `DROP`, the default,
 a decision waits for nothing, and what the log cannot take is dropped and counted. With `KEEP` it is given once its record is on disk,
 and refused with `LOG_UNAVAILABLE` if that cannot be. Recipients are sealed with `key` (64 hexadecimal digits), or with one that
 the folder has. Without `attributes` all of them are written down, with `[]` none. A segment is finished with 128 MiB or after an
 hour, and the oldest are removed once the log has more than 20 GiB.

 Any thread may call it, also while others decide. It takes 0.2 s the first time in a process.
 */
callsign_status callsign_gateway_record_to(struct callsign_gateway gateway,
                                           struct callsign_text folder,
                                           struct callsign_text options,
                                           struct callsign_error error);

/*
 Records no further decisions of a gateway. What was recorded is written, and the log is closed, before it returns.

 Any thread may call it, also while others decide.
 */
callsign_status callsign_gateway_stop_recording(struct callsign_gateway gateway, struct callsign_error error);

/*
 Writes what the log of a gateway has done to an output, as JSON: `{"recorded": N, "dropped": N, "bytes": N, "segments": N,
 "failingSince": SECONDS or null}`. If no log is open the output is empty.

 Any thread may call it.
 */
callsign_status callsign_gateway_recorded(struct callsign_gateway gateway,
                                          struct callsign_output output,
                                          struct callsign_error error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CALLSIGN_H */
