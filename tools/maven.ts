/*
 * Java programs out of Maven's central repository, for tests. Maven resolves them with its repository in
 * `.cache/maven/`; nothing of the host's own repository (`~/.m2`) is read or changed.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const CACHE = join(import.meta.dir, "../.cache/maven");
const COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/** An artifact as Maven names it. */
export interface Artifact {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

export interface JavaProgram {
  /** Name of the folder of its archives. */
  readonly name: string;
  readonly artifacts: readonly Artifact[];
  /** Default: `.cache/maven` of this repository. */
  readonly cache?: string;
}

/** The class path of the program with all that it needs at run time. Downloads only if it is not there yet. */
export async function javaClassPath({ name, artifacts, cache = CACHE }: JavaProgram): Promise<string> {
  const folder = join(cache, name);
  if (!(await isDirectory(folder))) {
    needPrograms(name, ["java", "mvn"]);
    await mkdir(cache, { recursive: true });
    const work = await mkdtemp(join(cache, ".fetching-"));
    try {
      await Bun.write(join(work, "pom.xml"), project(artifacts));
      await copyDependencies(work, join(cache, "repository"));
      await publish(join(work, "jars"), folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  needPrograms(name, ["java"]);
  return `${folder}/*`;
}

function needPrograms(name: string, programs: readonly string[]): void {
  for (const program of programs) {
    if (Bun.which(program) === null) {
      throw new Error(
        `Cannot get "${name}": no ${program} on PATH, install default-jre-headless and maven of Debian`,
      );
    }
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

function project(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map(
    ({ group, artifact, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
    <modelVersion>4.0.0</modelVersion>
    <groupId>wca</groupId><artifactId>test-programs</artifactId><version>1</version><packaging>pom</packaging>
    <dependencies>${dependencies.join("")}</dependencies>
  </project>`;
}

async function copyDependencies(work: string, repository: string): Promise<void> {
  const command = [
    "mvn",
    "--batch-mode",
    "--quiet",
    `-Dmaven.repo.local=${repository}`,
    COPY,
    "-DincludeScope=runtime",
    `-DoutputDirectory=${join(work, "jars")}`,
  ];
  const child = Bun.spawn(command, { cwd: work, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, complaint, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (status !== 0) {
    throw new Error(
      `Cannot run "${command.join(" ")}": exit status ${status}, ${output.trim()} ${complaint.trim()}`,
    );
  }
}

/** The loser of a race finds the winner's folder, which holds the same. */
async function publish(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}
