/* Opens a catalog and decides from which sender three messages go out. */
#include <callsign.h>
#include <stdio.h>
#include <string.h>

static callsign_error error;

/* Says why a call failed. */
static int failed(void) {
    char message[1024];
    size_t count = 0;
    callsign_status status;
    callsign_error_message(error, message, sizeof message, NULL);
    fprintf(stderr, "%s\n", message);
    callsign_error_status(error, &status, NULL, &count);
    for (size_t index = 0; index < count; index++) {
        char texts[CALLSIGN_DECISION_TEXT];
        callsign_fault fault = {.size = sizeof fault};
        if (callsign_error_fault(error, index, &fault, texts, sizeof texts) != CALLSIGN_STATUS_OK) break;
        fprintf(stderr, "%llu:%llu: %.*s: %.*s\n", (unsigned long long)fault.line, (unsigned long long)fault.column,
                (int)fault.path.length, fault.path.data, (int)fault.message.length, fault.message.data);
    }
    return 1;
}

int main(int count, char **arguments) {
    const char *recipients[] = {"+14155550123", "+442079460018", "+12125550123"};
    const callsign_text none = {NULL, 0};
    const callsign_policy standard = {0};
    callsign_catalog catalog;
    callsign_gateway gateway;

    if (count != 2) {
        fprintf(stderr, "usage: embed CATALOG\n");
        return 2;
    }
    if (callsign_error_open(&error) != CALLSIGN_STATUS_OK) return 1;
    callsign_text path = {arguments[1], strlen(arguments[1])};
    if (callsign_catalog_open_file(path, none, &catalog, error) != CALLSIGN_STATUS_OK) return failed();
    if (callsign_gateway_open(CALLSIGN_ABI_VERSION, catalog, standard, none, &gateway, error) != CALLSIGN_STATUS_OK) {
        return failed();
    }
    for (size_t index = 0; index < sizeof recipients / sizeof *recipients; index++) {
        /* The texts of the decision are in here, as long as the program likes. */
        char texts[CALLSIGN_DECISION_TEXT];
        callsign_decision decision = {.size = sizeof decision};
        callsign_message message = {
            .size = sizeof message,
            .to = {recipients[index], strlen(recipients[index])},
            .application_id = {"shop", 4},
            .channels = {CALLSIGN_CHANNEL_SMS},
            .channel_count = 1,
        };
        if (callsign_resolve(gateway, &message, &decision, texts, sizeof texts, error) != CALLSIGN_STATUS_OK) {
            return failed();
        }
        if (decision.refusal == 0) {
            printf("%s: %.*s (%.*s), step %s\n", recipients[index], (int)decision.sender_id.length,
                   decision.sender_id.data, (int)decision.sender.length, decision.sender.data,
                   decision.step == CALLSIGN_STEP_AREA_CODE ? "AREA_CODE" : "another");
        } else {
            printf("%s: refused, %.*s: %.*s\n", recipients[index], (int)decision.refusal_code.length,
                   decision.refusal_code.data, (int)decision.refusal_message.length, decision.refusal_message.data);
        }
    }
    callsign_gateway_close(gateway, error);
    callsign_catalog_close(catalog, error);
    callsign_error_close(error);
    return 0;
}
