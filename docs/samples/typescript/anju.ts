// A small typed client of Anju with nothing but fetch: sign-in, operations, intents, pages, uploads.

/** A GraphQL document that knows the types of its answer and of its variables. */
export type Operation<Data, Variables> = { text: string; readonly types?: (variables: Variables) => Data };

export function operation<Data, Variables = Record<string, never>>(text: string): Operation<Data, Variables> {
  return { text };
}

export type UserError = { code: string; message: string; field: string | null; retryable: boolean };
export type Payload = { replayed: boolean; userErrors: UserError[] };
export type Page<Node> = { nodes: Node[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

/** The rules refused: show `message` of each error beside its `field`. Nothing was changed. */
export class Refused extends Error {
  readonly errors: UserError[];

  constructor(errors: UserError[]) {
    super(errors.map((error) => error.message).join("\n"));
    this.errors = errors;
  }
}

/** The request as a whole failed: `code` is one of docs/errors.md, `requestId` is for the report of a fault. */
export class Failed extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string | null;

  constructor(code: string, message: string, status: number, requestId: string | null) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }

  /** Sign in again, then repeat. */
  get signedOut(): boolean {
    return this.code === "UNAUTHENTICATED";
  }
}

const ATTEMPTS = 4;

export class Anju {
  readonly url: string;
  readonly language: string;
  token: string | null = null;

  constructor(url: string, language = "zh-CN") {
    this.url = url;
    this.language = language;
  }

  /** Have a one-time code sent to a phone. The answer is the same whether or not the phone is known. */
  async requestCode(phone: string): Promise<void> {
    await this.post("/auth/code", { phone });
  }

  /** Sign in with the code. Keep the token where the platform keeps secrets. */
  async signIn(phone: string, code: string): Promise<void> {
    const answer = (await this.post("/auth/token", { phone, code })) as { access_token: string };
    this.token = answer.access_token;
  }

  async signOut(): Promise<void> {
    await fetch(`${this.url}/auth/logout`, { method: "POST", headers: { authorization: `Bearer ${this.token}` } });
    this.token = null;
  }

  /** Run a query, or a mutation whose input carries its idempotency key: both may be sent again. */
  async run<Data, Variables>(asked: Operation<Data, Variables>, variables: Variables): Promise<Data> {
    const body = JSON.stringify({ query: asked.text, variables });
    for (let attempt = 1; ; attempt++) {
      const answer = await this.send(body).catch((error: unknown) => {
        if (attempt === ATTEMPTS) throw error;
        return null; // the connection was lost: nobody knows whether the server did it
      });
      if (answer !== null) {
        if (attempt === ATTEMPTS || (answer.status !== 429 && answer.status !== 503)) return this.read<Data>(answer);
      }
      const asked = Number(answer?.headers.get("retry-after") ?? 0) * 1000;
      await new Promise((wake) => setTimeout(wake, Math.max(asked, 250 * 2 ** attempt * Math.random())));
    }
  }

  /** Do something: one input, one key, `Refused` when the rules say no. */
  async intend<Name extends string, Result extends Payload, Input extends object>(
    name: Name,
    asked: Operation<Record<Name, Result>, { input: Input & { idempotencyKey: string } }>,
    input: Input,
    idempotencyKey: string = crypto.randomUUID(),
  ): Promise<Result> {
    const data = await this.run(asked, { input: { ...input, idempotencyKey } });
    if (data[name].userErrors.length > 0) throw new Refused(data[name].userErrors);
    return data[name];
  }

  /** All rows of a connection, a page at a time, as far as they are asked for. */
  async *pages<Data, Variables extends { after?: string | null }, Node>(
    asked: Operation<Data, Variables>,
    variables: Variables,
    connection: (data: Data) => Page<Node> | null,
  ): AsyncGenerator<Node[]> {
    let after: string | null = null;
    do {
      const page = connection(await this.run(asked, { ...variables, after }));
      if (page === null) return;
      yield page.nodes;
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
  }

  private send(body: string): Promise<Response> {
    return fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json",
        "accept-language": this.language,
        "content-type": "application/json",
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
      },
      body,
    });
  }

  private async read<Data>(answer: Response): Promise<Data> {
    const body = (await answer.json()) as {
      data?: Data;
      errors?: { message: string; extensions: { code: string } }[];
    };
    const error = body.errors?.[0];
    if (error === undefined) return body.data as Data;
    throw new Failed(error.extensions.code, error.message, answer.status, answer.headers.get("x-request-id"));
  }

  private async post(path: string, body: object): Promise<unknown> {
    const answer = await fetch(this.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-language": this.language },
      body: JSON.stringify(body),
    });
    const said = (await answer.json()) as { error?: UserError };
    if (said.error !== undefined) throw new Refused([said.error]);
    return said;
  }
}
