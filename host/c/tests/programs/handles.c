/* As many handles as there may be: one more is an error, and once one is closed there is room again. */
#include "check.h"

static callsign_output outputs[CALLSIGN_MAX_HANDLES];

int main(void) {
    OK(callsign_error_open(&the_error));
    callsign_gateway gateway = open_gateway(NULL);
    /* The error, the gateway, and its policy. */
    int open = 3, count = 0;
    while (open < CALLSIGN_MAX_HANDLES) {
        OK(callsign_output_open(&outputs[count], the_error));
        open++, count++;
    }
    callsign_output more;
    GIVES(CALLSIGN_STATUS_TOO_MANY_HANDLES, callsign_output_open(&more, the_error));
    CHECK(more.id == 0);
    OK(callsign_output_close(outputs[7], the_error));
    OK(callsign_output_open(&more, the_error));
    CHECK(more.id != outputs[7].id);
    GIVES(CALLSIGN_STATUS_HANDLE, callsign_output_close(outputs[7], the_error));
    outputs[7] = more;
    while (count > 0) OK(callsign_output_close(outputs[--count], the_error));
    OK(callsign_gateway_close(gateway, the_error));
    OK(callsign_error_close(the_error));
    return 0;
}
