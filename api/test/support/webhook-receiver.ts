import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";

export interface ReceivedWebhook {
  headers: IncomingHttpHeaders;
  body: string;
  /** Read out of the body. */
  type: string;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
}

export interface WebhookReceiver extends AsyncDisposable {
  url: string;
  deliveries: ReceivedWebhook[];
  /** Answers each delivery from now on; a promise keeps its sender waiting. */
  answer: (delivery: ReceivedWebhook) => Answer | Promise<Answer>;
  /** Resolves when so many have come in all. */
  received(count: number): Promise<ReceivedWebhook[]>;
}

/** Somebody's server that is told of events. */
export async function startReceiver(): Promise<WebhookReceiver> {
  const waiting: (() => void)[] = [];
  const receiver: WebhookReceiver = {
    url: "",
    deliveries: [],
    answer: () => ({ status: 204 }),
    async received(count) {
      while (receiver.deliveries.length < count)
        await new Promise<void>((resolve) => waiting.push(resolve));
      return receiver.deliveries;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const delivery = { headers: request.headers, body, type: JSON.parse(body).type };
      receiver.deliveries.push(delivery);
      waiting.splice(0).forEach((resolve) => resolve());
      const { status, headers } = await receiver.answer(delivery);
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  receiver.url = `http://127.0.0.1:${address.port}/hook`;
  return receiver;
}
