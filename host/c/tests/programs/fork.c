/* A process that forks: the child of one that uses the library is told, the child of one that does not use it yet decides. */
#include "check.h"
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static char texts[CALLSIGN_DECISION_TEXT];
extern char **environ;

static void decides(callsign_gateway gateway) {
    callsign_message message = sms("+14155550123");
    callsign_decision decision = undecided();
    OK(callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    CHECK(is(decision.sender_id, "S1"));
}

static void ends_well(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void in_child(callsign_gateway gateway) {
    callsign_message message = sms("+14155550123");
    callsign_decision decision = undecided();
    GIVES(CALLSIGN_STATUS_FORKED, callsign_resolve(gateway, &message, &decision, texts, sizeof texts, the_error));
    GIVES(CALLSIGN_STATUS_FORKED, callsign_gateway_close(gateway, the_error));
    callsign_error error;
    GIVES(CALLSIGN_STATUS_FORKED, callsign_error_open(&error));
    GIVES(CALLSIGN_STATUS_FORKED, callsign_error_close(the_error));
    callsign_catalog catalog;
    GIVES(CALLSIGN_STATUS_FORKED, callsign_catalog_open_text("{}", 2, NONE, &catalog, the_error));
    /* Its own child is not better off. */
    pid_t child = fork();
    if (child == 0) _exit(callsign_gateway_close(gateway, the_error) == CALLSIGN_STATUS_FORKED ? 0 : 1);
    ends_well(child);
}

int main(void) {
    pid_t child = fork();
    if (child == 0) {
        OK(callsign_error_open(&the_error));
        callsign_gateway gateway = open_gateway(NULL);
        decides(gateway);
        OK(callsign_gateway_close(gateway, the_error));
        exit(0);
    }
    ends_well(child);
    OK(callsign_error_open(&the_error));
    callsign_gateway gateway = open_gateway(NULL);
    decides(gateway);
    child = fork();
    if (child == 0) {
        in_child(gateway);
#ifdef __SANITIZE_ADDRESS__
        /* What the threads of the parent had is a leak here, to who looks for leaks. */
        _exit(0);
#endif
        /* What the library does at the end of a process is done here too. */
        exit(0);
    }
    ends_well(child);
    decides(gateway);
    char *arguments[] = {"true", NULL};
    CHECK(posix_spawnp(&child, "true", NULL, NULL, arguments, environ) == 0);
    ends_well(child);
    decides(gateway);
    OK(callsign_gateway_close(gateway, the_error));
    OK(callsign_error_close(the_error));
    return 0;
}
