import { expect, it } from "vitest";

import { limitComparison } from "./auth-limits.ts";
import { markPasswordCounted, runAuthRequest } from "./auth-request.ts";

const request = { address: "192.0.2.1", requestId: "1" };
const compare = limitComparison(async (_password: string) => true);

it("A4 no password is compared in a request whose attempt was not counted", async () => {
  const refused = { statusCode: 404 };
  await expect(compare("guess")).rejects.toMatchObject(refused);
  await runAuthRequest(request, async () => {
    await expect(compare("guess")).rejects.toMatchObject(refused);
    markPasswordCounted();
    expect(await compare("guess")).toBe(true);
  });
  await runAuthRequest(request, () => expect(compare("guess")).rejects.toMatchObject(refused));
});
