/*
 * The conformance table. Reads messages from standard input, one a line, and prints what each comes to, one a line.
 *
 * conformance single CATALOG    decides them one by one
 * conformance batch CATALOG     decides them in one call
 * conformance catalog CATALOG   prints the faults of the catalog
 */
#include "check.h"

#define FIELD 0x1f
#define PART 0x1e
#define MOST 64
#define FALLBACKS (CALLSIGN_MAX_CHANNELS - 1)

static callsign_message messages[MOST];
static callsign_attribute attributes[MOST][32];
static callsign_decision decisions[MOST];
static callsign_decision fallbacks[MOST][FALLBACKS];
static char texts[MOST * CALLSIGN_MAX_CHANNELS * CALLSIGN_DECISION_TEXT];

/* Takes what stands before the next separator. */
static char *next(char **rest, char separator) {
    char *start = *rest, *end = strchr(start, separator);
    if (end) *end = 0;
    *rest = end ? end + 1 : start + strlen(start);
    return start;
}

/* `+` and a text, or `-`. */
static callsign_text optional(char **rest) {
    char *field = next(rest, FIELD);
    return *field == '+' ? text(field + 1) : NONE;
}

static void read_message(char *line, int index) {
    callsign_message *message = &messages[index];
    memset(message, 0, sizeof *message);
    message->size = sizeof *message;
    message->to = optional(&line);
    message->application_id = optional(&line);
    message->entity_id = optional(&line);
    message->from = optional(&line);
    message->message_type = optional(&line);
    message->message_id = optional(&line);
    message->sent_at = strtoull(next(&line, FIELD), NULL, 10);
    char *channels = next(&line, FIELD);
    while (*channels) message->channels[message->channel_count++] = (uint32_t)atoi(next(&channels, ','));
    message->attributes = attributes[index];
    while (*line) {
        callsign_attribute *attribute = &attributes[index][message->attribute_count++];
        attribute->name = text(next(&line, PART));
        attribute->value = text(next(&line, PART));
    }
}

static void print_text(callsign_text text) {
    printf("%c%c%.*s", FIELD, text.data ? '+' : '-', (int)text.length, text.data ? text.data : "");
}

static void print_fields(const callsign_decision *decision) {
    printf("%c%u%c%u%c%u%c%u", FIELD, decision->channel, FIELD, decision->sender_type, FIELD, decision->step, FIELD,
           decision->refusal);
    print_text(decision->sender_id);
    print_text(decision->sender);
    print_text(decision->strategy_id);
    print_text(decision->policy);
    print_text(decision->refusal_code);
    print_text(decision->refusal_message);
    print_text(decision->unpinned);
}

static void print_decision(const callsign_decision *decision) {
    printf("decided");
    print_fields(decision);
    printf("%c%zu", FIELD, decision->fallback_count);
    for (size_t index = 0; index < decision->fallback_count; index++) print_fields(&decision->fallbacks[index]);
    printf("\n");
}

static void print_faults(int with_lines, callsign_status status) {
    size_t count;
    callsign_status kept;
    OK(callsign_error_status(the_error, &kept, NULL, &count));
    CHECK(kept == status);
    for (size_t index = 0; index < count; index++) {
        callsign_fault fault = {0};
        fault.size = sizeof fault;
        OK(callsign_error_fault(the_error, index, &fault, texts, sizeof texts));
        CHECK(fault.message.length > 0);
        if (with_lines) {
            printf("%llu%c%llu%c", (unsigned long long)fault.line, FIELD, (unsigned long long)fault.column, FIELD);
        } else {
            printf("refused%c%d%c", FIELD, (int)status, FIELD);
        }
        printf("%.*s\n", (int)fault.path.length, fault.path.data);
    }
}

int main(int count, char **arguments) {
    CHECK(count == 3);
    OK(callsign_error_open(&the_error));
    callsign_catalog catalog;
    callsign_status opened = callsign_catalog_open_file(text(arguments[2]), NONE, &catalog, the_error);
    if (strcmp(arguments[1], "catalog") == 0) {
        CHECK(opened == CALLSIGN_STATUS_CATALOG && catalog.id == 0);
        print_faults(1, opened);
        return 0;
    }
    OK(opened);
    callsign_gateway gateway;
    OK(callsign_gateway_open(CALLSIGN_ABI_VERSION, catalog, patient_policy(), NONE, &gateway, the_error));

    static char lines[MOST][4096];
    int read = 0;
    while (fgets(lines[read], sizeof lines[read], stdin)) {
        lines[read][strcspn(lines[read], "\n")] = 0;
        read_message(lines[read], read);
        decisions[read] = undecided();
        for (int index = 0; index < FALLBACKS; index++) fallbacks[read][index] = undecided();
        decisions[read].fallbacks = fallbacks[read];
        decisions[read].fallback_capacity = FALLBACKS;
        read++;
        CHECK(read < MOST);
    }
    if (strcmp(arguments[1], "batch") == 0) {
        OK(callsign_resolve_batch(gateway, messages, decisions, (size_t)read, texts, sizeof texts, the_error));
        for (int index = 0; index < read; index++) print_decision(&decisions[index]);
    } else {
        for (int index = 0; index < read; index++) {
            callsign_status status =
                callsign_resolve(gateway, &messages[index], &decisions[index], texts, sizeof texts, the_error);
            if (status == CALLSIGN_STATUS_OK) {
                print_decision(&decisions[index]);
            } else {
                print_faults(0, status);
            }
        }
    }
    OK(callsign_gateway_close(gateway, the_error));
    OK(callsign_catalog_close(catalog, the_error));
    OK(callsign_error_close(the_error));
    return 0;
}
