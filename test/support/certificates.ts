/* Certificates of a day's life, made by openssl. */
import * as path from "node:path";

export interface Certificates {
  /** Paths of PEM files. */
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Throws where there is no openssl. */
export function needOpenssl(): void {
  if (Bun.which("openssl") === null) throw new Error("no openssl on PATH");
}

/** An authority, and a server for 127.0.0.1 and localhost and a client that it signed, in the directory. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  const file = (name: string) => path.join(directory, name);
  await openssl([
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test authority"],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-keyout", file("ca.key"), "-out", file("ca.pem")],
  ]);
  for (const [name, alternatives] of [
    ["server", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ["client", "subjectAltName=DNS:client"],
  ] as const) {
    await Bun.write(file(`${name}.ext`), `${alternatives}\n`);
    await openssl([
      ...["req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`],
      ...["-keyout", file(`${name}.key`), "-out", file(`${name}.csr`)],
    ]);
    await openssl([
      ...["x509", "-req", "-in", file(`${name}.csr`), "-CA", file("ca.pem"), "-CAkey", file("ca.key")],
      ...["-CAcreateserial", "-days", "1", "-extfile", file(`${name}.ext`), "-out", file(`${name}.pem`)],
    ]);
  }
  return {
    ca: file("ca.pem"),
    serverCert: file("server.pem"),
    serverKey: file("server.key"),
    clientCert: file("client.pem"),
    clientKey: file("client.key"),
  };
}

async function openssl(words: readonly string[]): Promise<void> {
  const child = Bun.spawn(["openssl", ...words], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const complaint = await child.stderr.text();
  const status = await child.exited;
  if (status !== 0) throw new Error(`Cannot run openssl ${words[0]}: exit status ${status}, ${complaint}`);
}
