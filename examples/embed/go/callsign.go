package main

// #cgo LDFLAGS: -lcallsign
// #include <callsign.h>
// #include <stdlib.h>
// #include <string.h>
//
// /* What a call needs, in memory of C: a pointer to memory of Go may not be stored in it. */
// typedef struct call {
//     callsign_error error;
//     callsign_message message;
//     callsign_decision decision;
//     char in[4 * CALLSIGN_MAX_TEXT];
//     char out[CALLSIGN_DECISION_TEXT];
// } call;
//
// static callsign_status resolve(callsign_gateway gateway, call *call) {
//     return callsign_resolve(gateway, &call->message, &call->decision, call->out, sizeof call->out, call->error);
// }
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// Gateway decides from which sender messages go out. Any number of goroutines may use it.
type Gateway struct {
	handle C.callsign_gateway
	calls  sync.Pool
}

// Message is what the choice of a sender needs to know. Empty texts are left out.
type Message struct {
	To, Application, Entity, From string
}

// Decision is a sender, or a refusal if Refusal is not empty.
type Decision struct {
	SenderID, Sender, Strategy string
	Step                       string
	Refusal, Reason            string
}

// The names of callsign_step.
var steps = map[C.uint32_t]string{
	C.CALLSIGN_STEP_EXPLICIT: "EXPLICIT", C.CALLSIGN_STEP_DEFAULT_SENDER: "DEFAULT_SENDER",
	C.CALLSIGN_STEP_STICKY: "STICKY", C.CALLSIGN_STEP_AREA_CODE: "AREA_CODE", C.CALLSIGN_STEP_OVERLAY: "OVERLAY",
	C.CALLSIGN_STEP_REGION: "REGION", C.CALLSIGN_STEP_POOL: "POOL",
}

// Open makes a gateway of a catalog, with pins in memory.
func Open(catalog []byte) (*Gateway, error) {
	var failure C.callsign_error
	if status := C.callsign_error_open(&failure); status != C.CALLSIGN_STATUS_OK {
		return nil, fmt.Errorf("callsign: status %d", status)
	}
	defer C.callsign_error_close(failure)
	if len(catalog) == 0 {
		return nil, errors.New("callsign: the catalog is empty")
	}
	var opened C.callsign_catalog
	text := (*C.char)(unsafe.Pointer(&catalog[0]))
	if C.callsign_catalog_open_text(text, C.size_t(len(catalog)), C.callsign_text{}, &opened, failure) != C.CALLSIGN_STATUS_OK {
		return nil, said(failure)
	}
	defer C.callsign_catalog_close(opened, failure)
	gateway := &Gateway{calls: sync.Pool{New: newCall}}
	status := C.callsign_gateway_open(C.CALLSIGN_ABI_VERSION, opened, C.callsign_policy{}, C.callsign_text{}, &gateway.handle, failure)
	if status != C.CALLSIGN_STATUS_OK {
		return nil, said(failure)
	}
	return gateway, nil
}

// Close closes the gateway. Decisions of other goroutines end as they would; later ones fail.
func (gateway *Gateway) Close() {
	C.callsign_gateway_close(gateway.handle, C.callsign_error{})
}

// Resolve decides from which sender a message goes out over SMS.
func (gateway *Gateway) Resolve(message Message) (Decision, error) {
	pooled := gateway.calls.Get().(*pooledCall)
	defer gateway.calls.Put(pooled)
	call := pooled.call
	in := unsafe.Slice((*byte)(unsafe.Pointer(&call.in[0])), len(call.in))
	used := 0
	put := func(text string) C.callsign_text {
		if text == "" || len(text) > len(in)-used {
			// What is too long is refused: it has a length and no data.
			return C.callsign_text{length: C.size_t(len(text))}
		}
		data := (*C.char)(unsafe.Pointer(&in[used]))
		used += copy(in[used:], text)
		return C.callsign_text{data: data, length: C.size_t(len(text))}
	}
	C.memset(unsafe.Pointer(&call.message), 0, C.sizeof_callsign_message)
	call.message.size = C.sizeof_callsign_message
	call.message.to = put(message.To)
	call.message.application_id = put(message.Application)
	call.message.entity_id = put(message.Entity)
	call.message.from = put(message.From)
	call.message.channels[0] = C.CALLSIGN_CHANNEL_SMS
	call.message.channel_count = 1
	call.decision.size = C.sizeof_callsign_decision
	if C.resolve(gateway.handle, call) != C.CALLSIGN_STATUS_OK {
		return Decision{}, said(call.error)
	}
	decision := &call.decision
	return Decision{
		SenderID: text(decision.sender_id), Sender: text(decision.sender), Strategy: text(decision.strategy_id),
		Step: steps[decision.step], Refusal: text(decision.refusal_code), Reason: text(decision.refusal_message),
	}, nil
}

// pooledCall is memory of C for one call at a time.
type pooledCall struct{ call *C.call }

func newCall() any {
	made := &pooledCall{(*C.call)(C.calloc(1, C.sizeof_call))}
	C.callsign_error_open(&made.call.error)
	runtime.SetFinalizer(made, func(made *pooledCall) {
		C.callsign_error_close(made.call.error)
		C.free(unsafe.Pointer(made.call))
	})
	return made
}

func text(given C.callsign_text) string {
	return C.GoStringN(given.data, C.int(given.length))
}

// said is what the last call that failed says.
func said(failure C.callsign_error) error {
	var message [1024]C.char
	C.callsign_error_message(failure, &message[0], C.size_t(len(message)), nil)
	return errors.New("callsign: " + C.GoString(&message[0]))
}
