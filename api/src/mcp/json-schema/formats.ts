/** The formats of JSON Schema, implemented so that the running time is linear in the length of the text. */
import type { Ajv } from "ajv";
import addPlainFormats from "ajv-formats";

/**
 * The `url` format of ajv-formats without its user name pattern, which backtracks at every colon. The part after the host is not checked,
 * because whitespace is already excluded everywhere.
 */
const URL_START =
  /^(?:https?|ftp):\/\/(?:\S+@)?(?:(?!(?:10|127)(?:\.\d{1,3}){3})(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})(?!172\.(?:1[6-9]|2\d|3[0-1])(?:\.\d{1,3}){2})(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}(?:\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]))|(?:(?:[a-z0-9\u{00a1}-\u{ffff}]+-)*[a-z0-9\u{00a1}-\u{ffff}]+)(?:\.(?:[a-z0-9\u{00a1}-\u{ffff}]+-)*[a-z0-9\u{00a1}-\u{ffff}]+)*(?:\.(?:[a-z\u{00a1}-\u{ffff}]{2,})))(?::\d{2,5})?(?:\/|$)/iu;

/** Adds the formats of ajv-formats to `ajv`. */
export function addFormats(ajv: Ajv): void {
  addPlainFormats.default(ajv);
  ajv.addFormat("url", (text: string) => !/\s/u.test(text) && URL_START.test(text));
}
