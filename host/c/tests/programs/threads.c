/*
 * Threads that decide while others change the catalog, swap policies and close the gateways that they decide with. A decision is right,
 * or its gateway is closed.
 */
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>

#define DECIDING 4
#define ROUNDS 10
#define DECISIONS_A_ROUND 20

static _Atomic uint64_t current;
static atomic_int ended, decided, closed;

static void *decide(void *unused) {
    (void)unused;
    static _Thread_local char texts[2 * CALLSIGN_DECISION_TEXT];
    callsign_error error;
    OK(callsign_error_open(&error));
    while (!atomic_load(&ended)) {
        callsign_gateway gateway = {atomic_load(&current)};
        callsign_message messages[2] = {sms("+14155550123"), sms("+12125550123")};
        callsign_decision decisions[2] = {undecided(), undecided()};
        callsign_status status = callsign_resolve(gateway, messages, decisions, texts, sizeof texts, error);
        if (status == CALLSIGN_STATUS_OK) {
            CHECK(is(decisions[0].sender_id, "S1"));
            status = callsign_resolve_batch(gateway, messages, decisions, 2, texts, sizeof texts, error);
        }
        if (status == CALLSIGN_STATUS_OK) {
            CHECK(is(decisions[0].sender_id, "S1") && is(decisions[1].sender_id, "S2"));
            atomic_fetch_add(&decided, 1);
        } else {
            CHECK(status == CALLSIGN_STATUS_HANDLE);
            callsign_status kept;
            OK(callsign_error_status(error, &kept, NULL, NULL));
            CHECK(kept == CALLSIGN_STATUS_HANDLE);
            atomic_fetch_add(&closed, 1);
        }
    }
    OK(callsign_error_close(error));
    return NULL;
}

/* Two threads close the same handle: one of them does. */
static void *close_it(void *id) {
    callsign_gateway gateway = {*(uint64_t *)id};
    return callsign_gateway_close(gateway, NO_ERROR) == CALLSIGN_STATUS_OK ? id : NULL;
}

int main(void) {
    OK(callsign_error_open(&the_error));
    callsign_policy policy = patient_policy();
    atomic_store(&current, open_gateway(NULL).id);
    pthread_t threads[DECIDING];
    for (int index = 0; index < DECIDING; index++) CHECK(pthread_create(&threads[index], NULL, decide, NULL) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        callsign_gateway gateway = {atomic_load(&current)};
        int before = atomic_load(&decided);
        while (atomic_load(&decided) < before + DECISIONS_A_ROUND) {
            callsign_catalog catalog = open_catalog();
            OK(callsign_gateway_replace_catalog(gateway, catalog, the_error));
            OK(callsign_catalog_close(catalog, the_error));
            OK(callsign_gateway_swap(gateway, NULL, policy, NONE, the_error));
        }
        /* The old one is closed first, so that the others decide with a handle that is not open. */
        uint64_t id = gateway.id;
        pthread_t closing;
        CHECK(pthread_create(&closing, NULL, close_it, &id) == 0);
        void *here = close_it(&id), *there;
        CHECK(pthread_join(closing, &there) == 0);
        CHECK((here != NULL) != (there != NULL));
        int seen = atomic_load(&closed);
        while (round == 0 && atomic_load(&closed) == seen) sched_yield();
        atomic_store(&current, open_gateway(NULL).id);
    }
    atomic_store(&ended, 1);
    for (int index = 0; index < DECIDING; index++) CHECK(pthread_join(threads[index], NULL) == 0);
    CHECK(atomic_load(&closed) > 0);
    callsign_gateway last = {atomic_load(&current)};
    OK(callsign_gateway_close(last, the_error));
    OK(callsign_error_close(the_error));
    return 0;
}
