import { z } from "zod";
import { defineComponent, type OptionsOf } from "../config/component.ts";
import { path } from "../config/schema.ts";
import { type TlsMaterial, TlsSettings } from "../model/roles.ts";
import { readPem } from "./files.ts";

/** Forward secrecy and authenticated encryption (and its CBC fallback); TLS 1.3 brings suites of its own. */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES128-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-SHA256",
].join(":");

/** TLS of a component that connects to a server: whom to trust, and who we are. TLS 1.2 or later. */
export class SSL extends TlsSettings {
  static readonly component = defineComponent("ssl", {
    doc: "Rules of TLS connections: which authorities to trust, and the certificate that the agent shows. Files are read again for each new connection.",
    options: {
      server_verify: z
        .union([z.boolean(), path({ absolute: true })])
        .default(true)
        .describe(
          "`true`: check the server's certificate against the authorities of the system; a path: against those of this PEM file; `false`: do not check.",
        ),
      client_cert_path: path({ absolute: true })
        .nullish()
        .describe("PEM file with the agent's certificate, which may hold the key too."),
      client_key_path: path({ absolute: true })
        .nullish()
        .describe("PEM file with the key of that certificate."),
    },
  });

  readonly #options: OptionsOf<typeof SSL>;

  constructor(options: OptionsOf<typeof SSL>) {
    super();
    this.#options = options;
    if (options.client_key_path != null && options.client_cert_path == null) {
      throw new TypeError('"client_key_path" needs "client_cert_path": a key alone is no credential');
    }
    // What cannot be read now is a fault of the configuration.
    this.material();
  }

  /** Throws the error of the file that cannot be read. */
  material(): TlsMaterial {
    const { server_verify: verify, client_cert_path: certPath, client_key_path: keyPath } = this.#options;
    const cert = certPath == null ? undefined : readPem("client_cert_path", certPath);
    return {
      rejectUnauthorized: verify !== false,
      ciphers: CIPHERS,
      minVersion: "TLSv1.2",
      ...(typeof verify === "string" ? { ca: readPem("server_verify", verify) } : {}),
      ...(cert === undefined
        ? {}
        : { cert, key: keyPath == null ? cert : readPem("client_key_path", keyPath) }),
    };
  }
}
