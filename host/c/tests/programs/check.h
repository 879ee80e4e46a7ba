/* What the programs of this folder share. */
#ifndef CHECK_H
#define CHECK_H

#include <callsign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program if something is not as it should be. */
#define CHECK(condition)                                                         \
    do {                                                                         \
        if (!(condition)) {                                                      \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                             \
        }                                                                        \
    } while (0)

/* Ends the program if a call gives another status. */
#define GIVES(wanted, call)                                                                  \
    do {                                                                                     \
        callsign_status given = (call);                                                      \
        if (given != (wanted)) {                                                             \
            fprintf(stderr, "%s:%d: status %d: %s\n", __FILE__, __LINE__, (int)given, #call); \
            said(the_error);                                                                 \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

#define OK(call) GIVES(CALLSIGN_STATUS_OK, call)

/* The error of the program's first thread. */
static callsign_error the_error;

static const callsign_error NO_ERROR = {0};
static const callsign_policy STANDARD = {0};
static const callsign_text NONE = {NULL, 0};

static inline callsign_text text(const char *text) {
    callsign_text made = {text, strlen(text)};
    return made;
}

/* Prints what an error says. */
static inline void said(callsign_error error) {
    char message[1024];
    if (callsign_error_message(error, message, sizeof message, NULL) == CALLSIGN_STATUS_OK) {
        fprintf(stderr, "    %s\n", message);
    }
}

/* Whether the last failure is about a value with this path. */
static inline int is_at(callsign_error error, const char *path) {
    static char texts[CALLSIGN_DECISION_TEXT];
    callsign_fault fault = {0};
    fault.size = sizeof fault;
    if (callsign_error_fault(error, 0, &fault, texts, sizeof texts) != CALLSIGN_STATUS_OK) return 0;
    if (fault.path.length == strlen(path) && memcmp(fault.path.data, path, fault.path.length) == 0) return 1;
    fprintf(stderr, "    at %.*s\n", (int)fault.path.length, fault.path.data);
    return 0;
}

/* Whether a text that was given is this one. */
static inline int is(callsign_text given, const char *wanted) {
    return given.data != NULL && given.length == strlen(wanted) && memcmp(given.data, wanted, given.length) == 0;
}

/* A message over SMS of the application `shop`. */
static inline callsign_message sms(const char *to) {
    callsign_message message;
    memset(&message, 0, sizeof message);
    message.size = sizeof message;
    message.to = text(to);
    message.application_id = text("shop");
    message.channels[0] = CALLSIGN_CHANNEL_SMS;
    message.channel_count = 1;
    return message;
}

static inline callsign_decision undecided(void) {
    callsign_decision decision;
    memset(&decision, 0, sizeof decision);
    decision.size = sizeof decision;
    return decision;
}

/* Two numbers of an application, whose recipients keep theirs; those that do not work are skipped. */
static const char CATALOG[] =
    "{\"applications\": [{\"applicationId\": \"shop\"}], \"entities\": [{\"entityId\": \"acme\"}], \"senders\": ["
    "{\"senderId\": \"S1\", \"sender\": \"+14155550100\", \"senderType\": \"VIRTUAL_LONG_NUMBER\","
    " \"coverage\": [{\"channel\": \"SMS\", \"countries\": [\"US\", \"CA\"]}]},"
    "{\"senderId\": \"S2\", \"sender\": \"+12125550100\", \"senderType\": \"VIRTUAL_LONG_NUMBER\","
    " \"coverage\": [{\"channel\": \"SMS\", \"countries\": [\"US\", \"CA\"]}]}],"
    "\"associations\": ["
    "{\"resourceType\": \"NUMBER\", \"channel\": \"SMS\", \"applicationId\": \"shop\", \"entityId\": null, \"resourceId\": \"S1\"},"
    "{\"resourceType\": \"NUMBER\", \"channel\": \"SMS\", \"applicationId\": \"shop\", \"entityId\": null, \"resourceId\": \"S2\"}],"
    "\"sendingStrategies\": [{\"sendingStrategyId\": \"LOCAL\", \"platform\": {\"applicationId\": \"shop\"},"
    " \"useGeolocatedSender\": true, \"useStickySender\": true, \"skipUnhealthySenders\": true}]}";

static inline callsign_catalog open_catalog(void) {
    callsign_catalog catalog;
    OK(callsign_catalog_open_text(CATALOG, sizeof CATALOG - 1, NONE, &catalog, the_error));
    return catalog;
}

/* The standard policy, compiled once, with as much time as it needs under valgrind. */
static inline callsign_policy patient_policy(void) {
    static callsign_policy policy;
    if (policy.id == 0) {
        OK(callsign_policy_open_standard(text("{\"limits\": {\"deadlineMilliseconds\": 60000}}"), &policy, the_error));
    }
    return policy;
}

/* A gateway on that catalog. */
static inline callsign_gateway open_gateway(const char *options) {
    callsign_policy policy = patient_policy();
    callsign_catalog catalog = open_catalog();
    callsign_gateway gateway;
    OK(callsign_gateway_open(CALLSIGN_ABI_VERSION, catalog, policy, options ? text(options) : NONE, &gateway, the_error));
    OK(callsign_catalog_close(catalog, the_error));
    return gateway;
}

#endif
