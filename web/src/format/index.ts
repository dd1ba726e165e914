/** Every way to write a number, an amount or a time. Pages use nothing else. */
export { csv } from "./csv";
export { difference } from "./decimal";
export { duration } from "./duration";
export { amount, cost, exact, perMillion, total } from "./money";
export { change, percent, uptime } from "./percent";
export { bytes, quantity, speed, tokens, whole } from "./quantity";
export { dateTime, day, instant, relative, timeOfDay, type Zone, zoneName } from "./time";
export { type Maybe, NARROW, UNKNOWN } from "./unknown";
