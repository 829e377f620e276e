import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { ConfigError } from "../model/errors.ts";
import { lineStartsOf, Problems } from "./problems.ts";

/** More is no configuration, rule or plugin but a mistake such as a log file. */
const MAX_BYTES = 64 * 1024 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is no directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "too many symbolic links",
};

/** Options of {@link readTrustedFile}. */
export interface TrustOptions {
  /** User that runs the agent. Default: the effective user. */
  readonly uid?: number;
  /** Whoever may have written it: the content is checked otherwise. Default: false. */
  readonly byAnyone?: boolean;
}

/** Text of a file that decides what the agent does, read as {@link readTrustedBytes} says. */
export function readTrustedFile(path: string, options: TrustOptions = {}): string {
  return decode(path, readTrustedBytes(path, options));
}

/**
 * A file that decides what the agent does. Only its owner may be able to write it, and the owner must be us
 * or root. The file is opened once and that descriptor is checked and read. Throws a `ConfigError`.
 */
export function readTrustedBytes(path: string, options: TrustOptions = {}): Uint8Array {
  const { uid = process.geteuid?.() ?? 0, byAnyone = false } = options;
  const descriptor = attempt("open", path, () =>
    // Without O_NONBLOCK the open of a named pipe waits for a writer.
    openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
  );
  try {
    const fault = faultOf(path, { stats: fstatSync(descriptor), uid, byAnyone });
    if (fault !== undefined) throw fileError(path, fault);
    return attempt("read", path, () => readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function attempt<Result>(action: string, path: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    throw fileError(path, `Cannot ${action} the file: ${REASONS[code] ?? code}`, { cause: error });
  }
}

function faultOf(
  path: string,
  { stats, uid, byAnyone }: { readonly stats: Stats; readonly uid: number; readonly byAnyone: boolean },
): string | undefined {
  if (stats.isDirectory()) return "saw a directory, wanted a file";
  if (!stats.isFile()) return "saw something that is not a regular file, wanted a file";
  if (!byAnyone && stats.uid !== uid && stats.uid !== 0) {
    return `saw owner ${stats.uid}, wanted the user ${uid} that runs the agent, or root`;
  }
  if (!byAnyone && (stats.mode & 0o022) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, "0");
    return `saw mode ${mode}, wanted a file that only its owner can write: chmod go-w ${path}`;
  }
  if (stats.size > MAX_BYTES) return `saw ${stats.size} bytes, wanted at most ${MAX_BYTES}`;
  return undefined;
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const lenient = new TextDecoder("utf-8").decode(bytes);
    const problems = new Problems(path, lineStartsOf(lenient));
    problems.add(lenient.indexOf("\uFFFD"), "", "saw bytes that are not UTF-8, wanted UTF-8 text");
    throw problems.error();
  }
}

function fileError(path: string, message: string, options?: ErrorOptions): ConfigError {
  const error = new ConfigError([{ at: path, path: "", message }]);
  if (options?.cause !== undefined) error.cause = options.cause;
  return error;
}
