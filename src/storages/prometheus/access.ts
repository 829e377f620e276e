import { createHash, timingSafeEqual } from "node:crypto";
import { readSecret } from "../../net/files.ts";

export interface AccessOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly password_file?: string | undefined;
  readonly bearer_token_file?: string | undefined;
}

const REALM = 'realm="wca"';

/** Who may see metrics. Secrets in files are read again for each request, as they are renewed. */
export class Access {
  readonly #options: AccessOptions;

  /** Throws TypeError when options contradict each other. */
  constructor(options: AccessOptions) {
    const { username, password, password_file } = options;
    if (username === undefined && (password !== undefined || password_file !== undefined)) {
      throw new TypeError('"password" and "password_file" need "username"');
    }
    if (password !== undefined && password_file !== undefined) {
      throw new TypeError('"password" and "password_file" exclude each other');
    }
    if (username !== undefined && password === undefined && password_file === undefined) {
      throw new TypeError('"username" needs "password_file" or "password"');
    }
    if (username?.includes(":")) throw new TypeError('"username" cannot have a colon (RFC 7617)');
    this.#options = options;
  }

  /** Whether credentials are asked for at all. */
  get isRestricted(): boolean {
    return this.#options.username !== undefined || this.#options.bearer_token_file !== undefined;
  }

  /** Value of the header WWW-Authenticate. */
  get challenge(): string {
    const { username, bearer_token_file } = this.#options;
    return [
      ...(username === undefined ? [] : [`Basic ${REALM}, charset="UTF-8"`]),
      ...(bearer_token_file === undefined ? [] : [`Bearer ${REALM}`]),
    ].join(", ");
  }

  /** Throws the error of a file that holds no secret, which lets nobody in. */
  check(): void {
    const { password_file, bearer_token_file } = this.#options;
    if (password_file !== undefined) readSecret("password_file", password_file);
    if (bearer_token_file !== undefined) readSecret("bearer_token_file", bearer_token_file);
  }

  /** `authorization`: the header. Throws as {@link check} does. */
  allows(authorization: string | null): boolean {
    if (!this.isRestricted) return true;
    const [, scheme = "", credentials = ""] = /^(\S+) +(\S+) *$/.exec(authorization ?? "") ?? [];
    const expected = this.#expected(scheme.toLowerCase());
    return expected !== undefined && isEqual(credentials, expected);
  }

  /** Credentials of this scheme, as a client sends them; nothing when it is not one of ours. */
  #expected(scheme: string): string | undefined {
    const { username, password, password_file, bearer_token_file } = this.#options;
    if (scheme === "bearer" && bearer_token_file !== undefined) {
      return readSecret("bearer_token_file", bearer_token_file);
    }
    if (scheme !== "basic" || username === undefined) return undefined;
    const secret = password_file === undefined ? password : readSecret("password_file", password_file);
    return Buffer.from(`${username}:${secret}`).toString("base64");
  }
}

/** In a time that does not depend on where they differ, nor on how long the secret is. */
function isEqual(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(first as Buffer, second as Buffer);
}
