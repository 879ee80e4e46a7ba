/* What is wrong with calls: each is an error, says which value it is about, and leaves everything as it was. */
#include "check.h"
#include <stdint.h>

#define REFUSED(status, path, call)  \
    do {                             \
        GIVES(status, call);         \
        CHECK(is_at(the_error, path)); \
    } while (0)

static char texts[4 * CALLSIGN_DECISION_TEXT];
static callsign_gateway gateway;

/* Decides a message, and gives the status. */
static callsign_status decide(const callsign_message *message) {
    callsign_decision decision = undecided();
    return callsign_resolve(gateway, message, &decision, texts, sizeof texts, the_error);
}

static void messages(void) {
    callsign_message good = sms("+14155550123"), message;
    OK(decide(&good));
    REFUSED(CALLSIGN_STATUS_POINTER, "message", decide(NULL));
    _Alignas(16) static char unaligned[sizeof(callsign_message) + 1];
    memcpy(unaligned + 1, &good, sizeof good);
    REFUSED(CALLSIGN_STATUS_POINTER, "message", decide((const callsign_message *)(void *)(unaligned + 1)));

    message = good, message.size = 0;
    REFUSED(CALLSIGN_STATUS_STRUCT_SIZE, "message", decide(&message));
    message = good, message.size = sizeof message + 8;
    REFUSED(CALLSIGN_STATUS_STRUCT_SIZE, "message", decide(&message));
    message = good, message.to = NONE;
    REFUSED(CALLSIGN_STATUS_POINTER, "to", decide(&message));
    message = good, message.to.data = NULL;
    REFUSED(CALLSIGN_STATUS_POINTER, "to", decide(&message));
    /* Lengths that lie. */
    message = good, message.to.length = SIZE_MAX;
    REFUSED(CALLSIGN_STATUS_LENGTH, "to", decide(&message));
    message = good, message.application_id.length = CALLSIGN_MAX_TEXT + 1;
    REFUSED(CALLSIGN_STATUS_LENGTH, "applicationId", decide(&message));
    callsign_attribute attribute = {text("campaign"), text("C1")};
    message = good, message.attributes = &attribute, message.attribute_count = 33;
    REFUSED(CALLSIGN_STATUS_LENGTH, "attributes", decide(&message));
    message = good, message.attribute_count = 1;
    REFUSED(CALLSIGN_STATUS_POINTER, "attributes", decide(&message));
    message = good, message.channel_count = CALLSIGN_MAX_CHANNELS + 1;
    REFUSED(CALLSIGN_STATUS_LENGTH, "channels", decide(&message));
    message = good, message.channel_count = 0;
    REFUSED(CALLSIGN_STATUS_MESSAGE, "channels", decide(&message));
    message = good, message.channels[0] = 4;
    REFUSED(CALLSIGN_STATUS_MESSAGE, "channel", decide(&message));

    const char *broken[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf"};
    for (size_t index = 0; index < sizeof broken / sizeof *broken; index++) {
        message = good, message.from = text(broken[index]);
        REFUSED(CALLSIGN_STATUS_UTF8, "from", decide(&message));
        message = good, message.entity_id = text(broken[index]);
        REFUSED(CALLSIGN_STATUS_UTF8, "entityId", decide(&message));
    }
    message = good, message.application_id = text("");
    REFUSED(CALLSIGN_STATUS_MESSAGE, "applicationId", decide(&message));
    message = good, message.entity_id = text("cafe\xcc\x81");
    REFUSED(CALLSIGN_STATUS_MESSAGE, "entityId", decide(&message));
    message = good, message.message_type = text("two words");
    REFUSED(CALLSIGN_STATUS_MESSAGE, "messageType", decide(&message));
    attribute.name = text("two words");
    message = good, message.attributes = &attribute, message.attribute_count = 1;
    REFUSED(CALLSIGN_STATUS_MESSAGE, "attributes.two words", decide(&message));
    attribute.name = NONE;
    REFUSED(CALLSIGN_STATUS_POINTER, "attributes.name", decide(&message));
}

static void decisions(void) {
    callsign_message message = sms("+14155550123");
    callsign_decision decision = undecided();
    REFUSED(CALLSIGN_STATUS_POINTER, "decision", callsign_resolve(gateway, &message, NULL, texts, sizeof texts, the_error));
    decision.size = 1;
    REFUSED(CALLSIGN_STATUS_STRUCT_SIZE, "decision",
            callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    decision = undecided();
    REFUSED(CALLSIGN_STATUS_POINTER, "buffer",
            callsign_resolve(gateway, &message, &decision, NULL, sizeof texts, the_error));
    REFUSED(CALLSIGN_STATUS_ROOM, "buffer", callsign_resolve(gateway, &message, &decision, NULL, 0, the_error));
    REFUSED(CALLSIGN_STATUS_ROOM, "buffer",
            callsign_resolve(gateway, &message, &decision, texts, CALLSIGN_DECISION_TEXT - 1, the_error));
    REFUSED(CALLSIGN_STATUS_LENGTH, "buffer",
            callsign_resolve(gateway, &message, &decision, texts, SIZE_MAX, the_error));
    CHECK(decision.sender_id.data == NULL);

    /* A message with two channels needs room for a fallback, and for its texts. */
    message.channels[1] = CALLSIGN_CHANNEL_MMS, message.channel_count = 2;
    REFUSED(CALLSIGN_STATUS_ROOM, "decision.fallback_capacity",
            callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    decision.fallback_capacity = 1;
    REFUSED(CALLSIGN_STATUS_POINTER, "decision.fallbacks",
            callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    callsign_decision fallback = undecided();
    decision.fallbacks = &fallback;
    fallback.size = 0;
    REFUSED(CALLSIGN_STATUS_STRUCT_SIZE, "decision.fallbacks",
            callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    fallback = undecided();
    REFUSED(CALLSIGN_STATUS_ROOM, "buffer",
            callsign_resolve(gateway, &message, &decision, texts, 2 * CALLSIGN_DECISION_TEXT - 1, the_error));
    OK(callsign_resolve(gateway, &message, &decision, texts, 2 * CALLSIGN_DECISION_TEXT, the_error));
    CHECK(decision.channel == CALLSIGN_CHANNEL_SMS && decision.fallback_count == 1 && is(decision.sender_id, "S1"));
    CHECK(fallback.channel == CALLSIGN_CHANNEL_MMS && fallback.refusal == CALLSIGN_REFUSAL_NO_ELIGIBLE_SENDER);
}

static void batches(void) {
    callsign_message two[2] = {sms("+14155550123"), sms("+12125550123")};
    callsign_decision decided[2] = {undecided(), undecided()};
    OK(callsign_resolve_batch(gateway, NULL, NULL, 0, NULL, 0, the_error));
    REFUSED(CALLSIGN_STATUS_POINTER, "messages",
            callsign_resolve_batch(gateway, NULL, decided, 2, texts, sizeof texts, the_error));
    REFUSED(CALLSIGN_STATUS_POINTER, "messages[0].decisions",
            callsign_resolve_batch(gateway, two, NULL, 2, texts, sizeof texts, the_error));
    REFUSED(CALLSIGN_STATUS_LENGTH, "messages",
            callsign_resolve_batch(gateway, two, decided, CALLSIGN_MAX_BATCH + 1, texts, sizeof texts, the_error));
    REFUSED(CALLSIGN_STATUS_LENGTH, "messages",
            callsign_resolve_batch(gateway, two, decided, SIZE_MAX, texts, sizeof texts, the_error));
    REFUSED(CALLSIGN_STATUS_ROOM, "buffer",
            callsign_resolve_batch(gateway, two, decided, 2, texts, 2 * CALLSIGN_DECISION_TEXT - 1, the_error));
    two[1].message_type = text("\xff");
    REFUSED(CALLSIGN_STATUS_UTF8, "messages[1].messageType",
            callsign_resolve_batch(gateway, two, decided, 2, texts, sizeof texts, the_error));
    two[1].message_type = NONE;
    decided[1].size = 7;
    REFUSED(CALLSIGN_STATUS_STRUCT_SIZE, "messages[1].decisions",
            callsign_resolve_batch(gateway, two, decided, 2, texts, sizeof texts, the_error));
    decided[1] = undecided();
    OK(callsign_resolve_batch(gateway, two, decided, 2, texts, sizeof texts, the_error));
    CHECK(is(decided[0].sender_id, "S1") && is(decided[1].sender_id, "S2"));
}

static void handles(void) {
    callsign_message message = sms("+14155550123");
    callsign_decision decision = undecided();
    callsign_output output;
    OK(callsign_output_open(&output, the_error));
    const callsign_gateway none[] = {
        {0}, {1}, {UINT64_MAX}, {gateway.id + 1}, {gateway.id ^ (UINT64_C(1) << 40)}, {gateway.id ^ (UINT64_C(1) << 56)},
        {output.id}, {the_error.id}, {gateway.id | UINT64_C(0xffffff) << 32},
    };
    for (size_t index = 0; index < sizeof none / sizeof *none; index++) {
        GIVES(CALLSIGN_STATUS_HANDLE,
              callsign_resolve(none[index], &message, &decision, texts, sizeof texts, the_error));
        GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_close(none[index], the_error));
    }
    /* After it is closed, and closed twice. The next one has another handle, which the old one does not find. */
    callsign_gateway first = open_gateway(NULL);
    OK(callsign_gateway_close(first, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_close(first, the_error));
    callsign_gateway second = open_gateway(NULL);
    CHECK(first.id != second.id);
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_resolve(first, &message, &decision, texts, sizeof texts, the_error));
    OK(callsign_gateway_close(second, the_error));

    callsign_catalog catalog = open_catalog();
    OK(callsign_catalog_close(catalog, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_catalog_close(catalog, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_replace_catalog(gateway, catalog, the_error));
    callsign_gateway never = {7};
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_open(CALLSIGN_ABI_VERSION, catalog, STANDARD, NONE, &never, the_error));
    CHECK(never.id == 0);
    callsign_policy policy;
    OK(callsign_policy_open_standard(NONE, &policy, the_error));
    OK(callsign_policy_close(policy, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_policy_close(policy, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_swap(gateway, NULL, policy, NONE, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_swap(gateway, NULL, STANDARD, NONE, the_error));
    OK(callsign_output_close(output, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_output_close(output, the_error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_explain(gateway, &message, output, the_error));
    /* An error that is closed is told nothing; the status is the same. */
    callsign_error error;
    OK(callsign_error_open(&error));
    OK(callsign_error_close(error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_error_close(error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_close(first, error));
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_gateway_close(first, NO_ERROR));
}

static void errors(void) {
    callsign_error error;
    callsign_status status;
    size_t length, faults;
    OK(callsign_error_open(&error));
    OK(callsign_error_status(error, &status, &length, &faults));
    CHECK(status == CALLSIGN_STATUS_OK && length == 0 && faults == 0);
    GIVES(CALLSIGN_STATUS_POINTER, callsign_error_open(NULL));
    GIVES(CALLSIGN_STATUS_POINTER, callsign_error_status(error, NULL, NULL, NULL));
    GIVES(CALLSIGN_STATUS_POINTER, callsign_resolve(gateway, NULL, NULL, NULL, 0, error));
    OK(callsign_error_status(error, &status, &length, &faults));
    CHECK(status == CALLSIGN_STATUS_POINTER && length > 0 && faults == 1);
    char message[64];
    size_t written;
    OK(callsign_error_message(error, message, sizeof message, &written));
    CHECK(written == length && strlen(message) == length);
    OK(callsign_error_message(error, message, 3, &written));
    CHECK(written == 2 && strlen(message) == 2);
    GIVES(CALLSIGN_STATUS_ROOM, callsign_error_message(error, message, 0, NULL));
    GIVES(CALLSIGN_STATUS_POINTER, callsign_error_message(error, NULL, 8, NULL));
    callsign_fault fault = {0};
    fault.size = sizeof fault;
    GIVES(CALLSIGN_STATUS_LENGTH, callsign_error_fault(error, 1, &fault, texts, sizeof texts));
    GIVES(CALLSIGN_STATUS_ROOM, callsign_error_fault(error, 0, &fault, texts, 10));
    fault.size = 3;
    GIVES(CALLSIGN_STATUS_STRUCT_SIZE, callsign_error_fault(error, 0, &fault, texts, sizeof texts));
    OK(callsign_error_close(error));
}

static void catalogs_and_policies(const char *folder) {
    callsign_catalog catalog;
    GIVES(CALLSIGN_STATUS_POINTER, callsign_catalog_open_text(NULL, 0, NONE, &catalog, the_error));
    GIVES(CALLSIGN_STATUS_POINTER, callsign_catalog_open_text("{}", 2, NONE, NULL, the_error));
    GIVES(CALLSIGN_STATUS_LENGTH, callsign_catalog_open_text("{}", SIZE_MAX, NONE, &catalog, the_error));
    GIVES(CALLSIGN_STATUS_CATALOG, callsign_catalog_open_text("", 0, NONE, &catalog, the_error));
    GIVES(CALLSIGN_STATUS_CATALOG, callsign_catalog_open_text("\"\xff\"", 3, NONE, &catalog, the_error));
    GIVES(CALLSIGN_STATUS_CATALOG, callsign_catalog_open_file(text(folder), NONE, &catalog, the_error));
    GIVES(CALLSIGN_STATUS_CATALOG, callsign_catalog_open_file(text("/no/such/file"), NONE, &catalog, the_error));
    CHECK(catalog.id == 0);

    callsign_policy policy;
    GIVES(CALLSIGN_STATUS_POINTER, callsign_policy_open_bytes(NULL, 0, NONE, &policy, the_error));
    GIVES(CALLSIGN_STATUS_POLICY, callsign_policy_open_bytes("\0asm", 4, NONE, &policy, the_error));
    GIVES(CALLSIGN_STATUS_POLICY, callsign_policy_open_file(text("/no/such/file"), NONE, &policy, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options", callsign_policy_open_standard(text("{"), &policy, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.setings",
            callsign_policy_open_standard(text("{\"setings\": {}}"), &policy, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.limits.deadlineMilliseconds",
            callsign_policy_open_standard(text("{\"limits\": {\"deadlineMilliseconds\": 0}}"), &policy, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.limits.imports",
            callsign_policy_open_standard(text("{\"limits\": {\"imports\": -1}}"), &policy, the_error));
    GIVES(CALLSIGN_STATUS_POLICY,
          callsign_policy_open_standard(text("{\"settings\": {\"colour\": \"blue\"}}"), &policy, the_error));
    CHECK(policy.id == 0);

    catalog = open_catalog();
    callsign_gateway opened;
    GIVES(CALLSIGN_STATUS_ABI_VERSION,
          callsign_gateway_open(CALLSIGN_ABI_VERSION + 1, catalog, STANDARD, NONE, &opened, the_error));
    GIVES(CALLSIGN_STATUS_ABI_VERSION, callsign_gateway_open(0, catalog, STANDARD, NONE, &opened, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.pins.store",
            callsign_gateway_open(CALLSIGN_ABI_VERSION, catalog, STANDARD, text("{\"pins\": {\"store\": \"http://db\"}}"),
                                  &opened, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.pins.key",
            callsign_gateway_open(CALLSIGN_ABI_VERSION, catalog, STANDARD,
                                  text("{\"pins\": {\"store\": \"./pins\", \"key\": \"7\"}}"), &opened, the_error));
    char options[4096];
    snprintf(options, sizeof options, "{\"pins\": {\"store\": \"/dev/null/pins\"}}");
    GIVES(CALLSIGN_STATUS_STORE,
          callsign_gateway_open(CALLSIGN_ABI_VERSION, catalog, STANDARD, text(options), &opened, the_error));
    OK(callsign_catalog_close(catalog, the_error));
}

static void changes(void) {
    callsign_policy policy;
    OK(callsign_policy_open_standard(NONE, &policy, the_error));
    callsign_target target = {0};
    GIVES(CALLSIGN_STATUS_STRUCT_SIZE, callsign_gateway_swap(gateway, &target, policy, NONE, the_error));
    target.size = sizeof target, target.entity_id = text("acme");
    REFUSED(CALLSIGN_STATUS_BINDING, "target.entityId", callsign_gateway_swap(gateway, &target, policy, NONE, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.probes[0].channel",
            callsign_gateway_swap(gateway, NULL, policy, text("{\"probes\": [{\"channel\": \"FAX\", \"to\": \"\"}]}"),
                                  the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.breaker.failures",
            callsign_gateway_swap(gateway, NULL, policy, text("{\"breaker\": {\"failures\": 0, \"restSeconds\": 1}}"),
                                  the_error));
    GIVES(CALLSIGN_STATUS_BINDING,
          callsign_gateway_swap(gateway, NULL, policy,
                                text("{\"probes\": [{\"channel\": \"SMS\", \"to\": \"+14155550123\", \"senderId\": \"S9\"}]}"),
                                the_error));
    GIVES(CALLSIGN_STATUS_LENGTH, callsign_gateway_canary(gateway, NULL, policy, NONE, 1001, NONE, the_error));
    GIVES(CALLSIGN_STATUS_LENGTH, callsign_gateway_canary(gateway, NULL, policy, NONE, 0, NONE, the_error));
    GIVES(CALLSIGN_STATUS_BINDING, callsign_gateway_promote(gateway, NULL, the_error));
    GIVES(CALLSIGN_STATUS_BINDING, callsign_gateway_withdraw(gateway, NULL, the_error));
    GIVES(CALLSIGN_STATUS_BINDING, callsign_gateway_rollback(gateway, NULL, the_error));
    GIVES(CALLSIGN_STATUS_BINDING, callsign_gateway_unbind(gateway, NULL, the_error));
    OK(callsign_policy_close(policy, the_error));

    REFUSED(CALLSIGN_STATUS_OPTIONS, "signals.health[0].country",
            callsign_gateway_set_signals(
                gateway, text("{\"health\": [{\"senderId\": \"S1\", \"country\": \"ZZZ\"}]}"), the_error));
    GIVES(CALLSIGN_STATUS_POINTER, callsign_gateway_set_signals(gateway, NONE, the_error));
    uint64_t revision, served;
    OK(callsign_gateway_revision(gateway, &revision, the_error));
    REFUSED(CALLSIGN_STATUS_EDIT, "edits[0]",
            callsign_gateway_edit(gateway, revision, text("[{\"element\": {}}]"), &served, the_error));
    REFUSED(CALLSIGN_STATUS_EDIT, "edits[1].element.senderType",
            callsign_gateway_edit(gateway, revision,
                                  text("[{\"put\": \"applications\", \"element\": {\"applicationId\": \"a\"}},"
                                       "{\"put\": \"senders\", \"element\": {\"senderId\": \"S3\", \"sender\": \"12345\","
                                       "\"senderType\": \"FAX\", \"coverage\": []}}]"),
                                  &served, the_error));
    GIVES(CALLSIGN_STATUS_OVERTAKEN, callsign_gateway_edit(gateway, revision + 1, text("[]"), NULL, the_error));
    GIVES(CALLSIGN_STATUS_LOG, callsign_gateway_record_to(gateway, text("/dev/null/log"), NONE, the_error));
    REFUSED(CALLSIGN_STATUS_OPTIONS, "options.promise",
            callsign_gateway_record_to(gateway, text("log"), text("{\"promise\": \"MAYBE\"}"), the_error));
    uint64_t after;
    OK(callsign_gateway_revision(gateway, &after, the_error));
    CHECK(after == revision);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    OK(callsign_error_open(&the_error));
    gateway = open_gateway(NULL);
    messages();
    decisions();
    batches();
    handles();
    errors();
    catalogs_and_policies(arguments[1]);
    changes();
    /* It decides as before. */
    callsign_message message = sms("+14155550123");
    OK(decide(&message));
    OK(callsign_gateway_close(gateway, the_error));
    OK(callsign_error_close(the_error));
    return 0;
}
