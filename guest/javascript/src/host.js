// The imports of the contract, as the rest of the SDK reads them. Only a component has them: tests have a `Sample`.
import attributes from "callsign:policy/attributes@1.0.0";
import log from "callsign:policy/log@1.0.0";
import messages from "callsign:policy/messages@1.0.0";
import senders from "callsign:policy/senders@1.0.0";
import settings from "callsign:policy/settings@1.0.0";
import signals from "callsign:policy/signals@1.0.0";
import sticky from "callsign:policy/sticky@1.0.0";
import strategies from "callsign:policy/strategies@1.0.0";
import times from "callsign:policy/times@1.0.0";

export const host = { attributes, log, messages, senders, settings, signals, sticky, strategies, times };
