import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { makeSigningSecret, signWebhook } from "./webhook-signature.ts";

const timestampS = Math.floor(Date.now() / 1000);
const message = { id: "0199", timestampS, body: '{"type":"REAUTH_REQUIRED","text":"é"}' };
const headersOf = (signature: string) => ({
  "webhook-id": message.id,
  "webhook-timestamp": String(timestampS),
  "webhook-signature": signature,
});

it("signs so that the reference library verifies it, with either of two secrets", () => {
  const [old, current, other] = [makeSigningSecret(), makeSigningSecret(), makeSigningSecret()];
  const headers = headersOf(signWebhook([current, old], message));
  for (const secret of [old, current])
    expect(new Webhook(secret).verify(message.body, headers)).toEqual(JSON.parse(message.body));
  expect(() => new Webhook(other).verify(message.body, headers)).toThrow();
  expect(() => new Webhook(current).verify(`${message.body} `, headers)).toThrow();
});
