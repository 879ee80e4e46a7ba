/* All that a gateway does besides deciding: its catalog, its pins, its policies, its signals, its events, its log. */
#include "check.h"

static char texts[CALLSIGN_DECISION_TEXT];
static callsign_output output;

/* The text of the output, until the next one. */
static const char *out(void) {
    static char text[1 << 16];
    size_t length, written;
    OK(callsign_output_length(output, &length, the_error));
    CHECK(length < sizeof text);
    OK(callsign_output_read(output, text, sizeof text - 1, &written, the_error));
    CHECK(written == length);
    text[written] = 0;
    if (length > 0) {
        GIVES(CALLSIGN_STATUS_ROOM, callsign_output_read(output, text, length - 1, &written, the_error));
    }
    return text;
}

#define SAYS(part)                                                                    \
    do {                                                                              \
        const char *whole = out();                                                    \
        if (!strstr(whole, part)) {                                                   \
            fprintf(stderr, "%s:%d: not in %s: %s\n", __FILE__, __LINE__, whole, part); \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

/* Whether a message is decided for a sender, in a step. */
static int decides(callsign_gateway gateway, const char *to, const char *sender, uint32_t step) {
    callsign_message message = sms(to);
    callsign_decision decision = undecided();
    OK(callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    CHECK(decision.sender_id.data == NULL || is(decision.strategy_id, "LOCAL"));
    if (decision.sender_id.data && is(decision.sender_id, sender) && decision.step == step) return 1;
    fprintf(stderr, "%s: %.*s, step %u\n", to, (int)decision.sender_id.length, decision.sender_id.data, decision.step);
    return 0;
}

static void event(callsign_gateway gateway, const char *part) {
    OK(callsign_gateway_next_event(gateway, output, the_error));
    SAYS(part);
}

static void catalogs(callsign_gateway gateway) {
    CHECK(decides(gateway, "+13055550123", "S1", CALLSIGN_STEP_POOL) || decides(gateway, "+13055550123", "S2", CALLSIGN_STEP_STICKY));
    uint64_t revision, served;
    OK(callsign_gateway_revision(gateway, &revision, the_error));
    const char edits[] =
        "[{\"put\": \"senders\", \"element\": {\"senderId\": \"S3\", \"sender\": \"+17135550100\","
        "  \"senderType\": \"VIRTUAL_LONG_NUMBER\", \"coverage\": [{\"channel\": \"SMS\", \"countries\": [\"US\"]}]}},"
        " {\"put\": \"associations\", \"element\": {\"resourceType\": \"NUMBER\", \"channel\": \"SMS\","
        "  \"applicationId\": \"shop\", \"entityId\": null, \"resourceId\": \"S3\"}}]";
    OK(callsign_gateway_edit(gateway, revision, text(edits), &served, the_error));
    CHECK(served != revision);
    GIVES(CALLSIGN_STATUS_OVERTAKEN, callsign_gateway_edit(gateway, revision, text(edits), NULL, the_error));
    CHECK(decides(gateway, "+17135550123", "S3", CALLSIGN_STEP_AREA_CODE));
    uint64_t read;
    OK(callsign_gateway_catalog(gateway, output, &read, the_error));
    CHECK(read == served);
    SAYS("\"senderId\":\"S3\"");
    callsign_catalog first = open_catalog();
    OK(callsign_gateway_replace_catalog(gateway, first, the_error));
    OK(callsign_catalog_close(first, the_error));
    OK(callsign_gateway_catalog(gateway, output, NULL, the_error));
    CHECK(!strstr(out(), "S3"));
}

static void explanations(callsign_gateway gateway) {
    callsign_message message = sms("+14155550177");
    OK(callsign_explain(gateway, &message, output, the_error));
    SAYS("\"senderId\":\"S1\"");
    SAYS("AREA_CODE");
    /* It has written no pin. */
    CHECK(decides(gateway, "+14155550177", "S1", CALLSIGN_STEP_AREA_CODE));
    CHECK(decides(gateway, "+14155550177", "S1", CALLSIGN_STEP_STICKY));
}

static void signals(callsign_gateway gateway) {
    const char ill[] = "{\"health\": [{\"senderId\": \"S1\", \"channel\": \"SMS\", \"country\": \"US\", \"unhealthySince\": 1767225600}],"
                       " \"numbers\": [{\"senderId\": \"S2\", \"name\": \"load\", \"number\": 0.75}]}";
    OK(callsign_gateway_set_signals(gateway, text(ill), the_error));
    CHECK(decides(gateway, "+14155550188", "S2", CALLSIGN_STEP_POOL));
    OK(callsign_gateway_set_signals(gateway, text("{}"), the_error));
    CHECK(decides(gateway, "+14155550199", "S1", CALLSIGN_STEP_AREA_CODE));
}

static void policies(callsign_gateway gateway, const char *component) {
    callsign_policy policy;
    OK(callsign_policy_open_file(text(component),
                                 text("{\"calls\": 1000, \"limits\": {\"deadlineMilliseconds\": 20000, \"memory\": 67108864}}"),
                                 &policy, the_error));
    OK(callsign_policy_label(policy, output, the_error));
    SAYS("callsign-standard@");
    callsign_target shop = {0};
    shop.size = sizeof shop, shop.application_id = text("shop");
    OK(callsign_gateway_next_event(gateway, output, the_error));
    CHECK(*out() == 0);
    const char options[] =
        "{\"onFailure\": \"STANDARD\", \"onUnavailable\": \"DECIDE_UNPINNED\", \"breaker\": {\"failures\": 3, \"restSeconds\": 1},"
        " \"probes\": [{\"applicationId\": \"shop\", \"channel\": \"SMS\", \"to\": \"+14155559999\", \"senderId\": \"S1\","
        "               \"step\": \"AREA_CODE\", \"messageType\": \"OTP\", \"attributes\": {\"campaign\": \"C1\"}}]}";
    OK(callsign_gateway_check(gateway, &shop, policy, text(options), the_error));
    OK(callsign_gateway_next_event(gateway, output, the_error));
    CHECK(*out() == 0);
    OK(callsign_gateway_swap(gateway, &shop, policy, text(options), the_error));
    event(gateway, "\"event\":\"swapped\"");
    SAYS("\"for\":{\"applicationId\":\"shop\"}");
    OK(callsign_gateway_shadow(gateway, &shop, policy, NONE, the_error));
    event(gateway, "\"event\":\"shadowed\"");
    CHECK(decides(gateway, "+14155550166", "S1", CALLSIGN_STEP_AREA_CODE));
    OK(callsign_gateway_binding(gateway, &shop, output, the_error));
    SAYS("\"compared\":1");
    OK(callsign_gateway_withdraw(gateway, &shop, the_error));
    event(gateway, "\"event\":\"withdrawn\"");
    OK(callsign_gateway_canary(gateway, &shop, policy, NONE, 500, text("{\"perMille\": 100, \"answers\": 10}"), the_error));
    event(gateway, "\"perMille\":500");
    OK(callsign_gateway_promote(gateway, &shop, the_error));
    event(gateway, "\"event\":\"swapped\"");
    OK(callsign_gateway_rollback(gateway, &shop, the_error));
    event(gateway, "\"event\":\"rolledBack\"");
    OK(callsign_gateway_binding(gateway, &shop, output, the_error));
    SAYS("\"history\":[{\"policy\":\"callsign-standard@");
    OK(callsign_gateway_unbind(gateway, &shop, the_error));
    event(gateway, "\"event\":\"unbound\"");
    GIVES(CALLSIGN_STATUS_BINDING, callsign_gateway_unbind(gateway, &shop, the_error));
    OK(callsign_policy_close(policy, the_error));
    CHECK(decides(gateway, "+14155550166", "S1", CALLSIGN_STEP_STICKY));

    /* Nobody fetches events for a while: the oldest are dropped, and counted. */
    OK(callsign_policy_open_standard(NONE, &policy, the_error));
    GIVES(CALLSIGN_STATUS_BINDING, callsign_gateway_rollback(gateway, NULL, the_error));
    const char failing[] = "{\"probes\": [{\"channel\": \"SMS\", \"to\": \"+14155559999\", \"senderId\": \"S9\"}]}";
    for (int index = 0; index < CALLSIGN_MAX_EVENTS + 3; index++) {
        GIVES(CALLSIGN_STATUS_BINDING, callsign_gateway_swap(gateway, NULL, policy, text(failing), the_error));
    }
    event(gateway, "\"missed\":3");
    SAYS("\"event\":\"rejected\"");
    for (int index = 1; index < CALLSIGN_MAX_EVENTS; index++) {
        event(gateway, "\"event\":\"rejected\"");
        CHECK(!strstr(out(), "missed"));
    }
    OK(callsign_gateway_next_event(gateway, output, the_error));
    CHECK(*out() == 0);
    OK(callsign_policy_close(policy, the_error));
}

static void recording(callsign_gateway gateway, const char *folder) {
    OK(callsign_gateway_recorded(gateway, output, the_error));
    CHECK(*out() == 0);
    OK(callsign_gateway_record_to(gateway, text(folder), text("{\"promise\": \"KEEP\", \"attributes\": [\"campaign\"]}"),
                                  the_error));
    callsign_message message = sms("+14155550144");
    message.message_id = text("m-1");
    memset(message.trace_id, 7, sizeof message.trace_id);
    callsign_decision decision = undecided();
    OK(callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    OK(callsign_gateway_recorded(gateway, output, the_error));
    SAYS("\"recorded\":1");
    OK(callsign_gateway_stop_recording(gateway, the_error));
    OK(callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    /* The folder is free again. */
    OK(callsign_gateway_record_to(gateway, text(folder), NONE, the_error));
    OK(callsign_gateway_stop_recording(gateway, the_error));
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    OK(callsign_error_open(&the_error));
    OK(callsign_output_open(&output, the_error));
    CHECK(callsign_abi_version() == CALLSIGN_ABI_VERSION && strlen(callsign_version()) >= 5);
    char options[4096], path[4096];
    snprintf(options, sizeof options, "{\"pins\": {\"store\": \"%s/pins\", \"plain\": true}, \"requestMilliseconds\": 60000}", arguments[1]);
    callsign_gateway gateway = open_gateway(options);
    CHECK(decides(gateway, "+14155550123", "S1", CALLSIGN_STEP_AREA_CODE));
    CHECK(decides(gateway, "+14155550123", "S1", CALLSIGN_STEP_STICKY));
    OK(callsign_gateway_close(gateway, the_error));
    /* Pins in a folder outlive the gateway. */
    gateway = open_gateway(options);
    CHECK(decides(gateway, "+14155550123", "S1", CALLSIGN_STEP_STICKY));
    catalogs(gateway);
    explanations(gateway);
    signals(gateway);
    snprintf(path, sizeof path, "%s/standard.wasm", arguments[1]);
    policies(gateway, path);
    snprintf(path, sizeof path, "%s/log", arguments[1]);
    recording(gateway, path);
    OK(callsign_gateway_close(gateway, the_error));
    OK(callsign_output_close(output, the_error));
    OK(callsign_error_close(the_error));
    return 0;
}
