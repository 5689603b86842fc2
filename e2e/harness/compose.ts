/**
 * A Holdfast in containers: a Compose project of its own, at ports of its own, seen through Docker's command line. The
 * project's own `.env`, if there is one, is left alone.
 */

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");

/** Output of a command at most, in bytes. */
const MAX_OUTPUT = 64 * 1024 * 1024;

const LABEL = "com.docker.compose.project";

/** What `docker inspect` says of a container, as far as tests read it. */
interface Container {
  Id: string;
  Image: string;
  RestartCount: number;
  State: { Status: string; Pid: number; ExitCode: number; Health?: { Status: string } };
  HostConfig: {
    ReadonlyRootfs: boolean;
    CapDrop: string[] | null;
    SecurityOpt: string[] | null;
    Memory: number;
    PidsLimit: number | null;
    RestartPolicy: { Name: string };
  };
  NetworkSettings: {
    Ports: Record<string, { HostIp: string; HostPort: string }[] | null>;
    Networks: Record<string, { IPAddress: string }>;
  };
}

export type Service = "core" | "gateway" | "demo" | "grpc";

export class Project {
  readonly name: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly #folder: string;
  readonly #settings: Record<string, string>;

  private constructor(name: string, folder: string, port: number, grpcPort: number) {
    this.name = name;
    this.#folder = folder;
    this.port = port;
    this.grpcPort = grpcPort;
    this.#settings = {
      HOLDFAST_PORT: `${port}`,
      HOLDFAST_GRPC_PORT: `${grpcPort}`,
      CHAT_LOG_FORMAT: "json",
    };
  }

  /** Writes the settings. Nothing runs yet, and nothing of an earlier run that was broken off is left. */
  static async prepare(name: string): Promise<Project> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-compose-"));
    const project = new Project(name, folder, await freePort(), await freePort());
    const settings = Object.entries(project.#settings).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(folder, ".env"), settings.join("\n"));
    await project.remove();
    return project;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Runs `docker compose`. */
  async compose(args: string[]): Promise<string> {
    return (await run([...this.#from(ROOT), ...args])).stdout;
  }

  /** Builds the images, from the project's own files or from a copy of them. Gives the log. */
  async build(root = ROOT): Promise<string> {
    const { stdout, stderr } = await run([
      ...this.#from(root),
      "--profile",
      "*",
      "build",
      "--progress",
      "plain",
    ]);
    return stdout + stderr;
  }

  /** Runs commands as an operator would, in an empty folder, until one fails. */
  async shell(commands: string): Promise<void> {
    const file = join(ROOT, "docker-compose.yml");
    const project = { COMPOSE_PROJECT_NAME: this.name, COMPOSE_FILE: file, COMPOSE_DISABLE_ENV_FILE: "1" };
    const env = { ...environment(), ...project, ...this.#settings };
    await promisify(execFile)("sh", ["-ec", commands], { cwd: this.#folder, env, maxBuffer: MAX_OUTPUT });
  }

  #from(root: string): string[] {
    const files = ["--file", join(root, "docker-compose.yml"), "--env-file", join(this.#folder, ".env")];
    return ["compose", "--project-name", this.name, ...files];
  }

  /** Starts what belongs to these profiles, and waits until it is healthy. What runs already and fits goes on. */
  async up(profiles: string[] = [], root = ROOT): Promise<void> {
    const chosen = profiles.flatMap((profile) => ["--profile", profile]);
    await run([...this.#from(root), ...chosen, "up", "--detach", "--wait", "--wait-timeout", "120"]);
  }

  /** Runs the binary of a running container once more, inside of it. */
  exec(service: Service, ...command: string[]): Promise<string> {
    return this.compose(["exec", "--no-TTY", service, ...command]);
  }

  async container(service: Service): Promise<Container> {
    const id = (await this.compose(["--profile", "*", "ps", "--all", "--quiet", service])).trim();
    if (id === "") throw new Error(`there is no container of ${service}`);
    return inspect(id);
  }

  /** The image that a service runs from. */
  image(service: Service): string {
    return `${this.name}-${service}`;
  }

  /** Ends a service's process from outside its container, as a crash would: Docker was not asked to. */
  async crash(service: Service): Promise<void> {
    const { Pid } = (await this.container(service)).State;
    const privileges = ["--pid", "host", "--user", "0", "--network", "none", "--entrypoint", "sh"];
    await docker(["run", "--rm", ...privileges, "debian:bookworm-slim", "-c", `kill -9 ${Pid}`]);
  }

  /** Starts a container beside those of the project, which goes with them. */
  async beside(name: string, flags: string[], image: string): Promise<void> {
    await docker(["run", "--detach", "--name", name, "--label", `${LABEL}=${this.name}`, ...flags, image]);
  }

  /** Removes containers, networks, volumes and images. */
  async remove(): Promise<void> {
    const containers = await this.#labelled("ps", "--all");
    if (containers.length > 0) await docker(["rm", "--force", ...containers]);
    await this.compose(["--profile", "*", "down", "--volumes", "--rmi", "local", "--remove-orphans"]);
    // Those that a later build took the name from.
    const images = await this.#labelled("images", "--all");
    if (images.length > 0) await docker(["image", "rm", "--force", ...new Set(images)]);
  }

  /** The settings too. */
  async clear(): Promise<void> {
    await this.remove();
    await rm(this.#folder, { recursive: true });
  }

  /** Everything of this project that the engine still has. */
  async leftovers(): Promise<string[]> {
    const lists = [
      this.#labelled("ps", "--all"),
      this.#labelled("network", "ls"),
      this.#labelled("volume", "ls"),
      this.#labelled("images", "--all"),
    ];
    return (await Promise.all(lists)).flat();
  }

  async #labelled(...list: string[]): Promise<string[]> {
    const found = await docker([...list, "--quiet", "--filter", `label=${LABEL}=${this.name}`]);
    return found.split("\n").filter((line) => line !== "");
  }
}

async function inspect(id: string): Promise<Container> {
  const [container] = JSON.parse(await docker(["inspect", id])) as Container[];
  if (container === undefined) throw new Error(`there is no container ${id}`);
  return container;
}

/** Runs docker to its end. Gives what it printed; fails with what it complained of. */
export async function docker(args: string[]): Promise<string> {
  return (await run(args)).stdout;
}

/** What a container said so far. */
export async function logs(container: string): Promise<string> {
  const { stdout, stderr } = await run(["logs", container]);
  return stdout + stderr;
}

/** The project's files, without what is built or kept out of its history. */
export async function sources(): Promise<{ from: string; path: string }[]> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await promisify(execFile)("git", ["-C", ROOT, ...list], { maxBuffer: MAX_OUTPUT });
  return stdout
    .split("\0")
    .filter((path) => path !== "")
    .map((path) => ({ from: join(ROOT, path), path }));
}

function run(args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)("docker", args, { env: environment(), maxBuffer: MAX_OUTPUT });
}

/** What leads to the engine. The project's settings do not come from here. */
function environment(): Record<string, string | undefined> {
  const { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG, DOCKER_CONTEXT } = process.env;
  // Without it some engines name an image anew whenever they are asked to build it.
  return { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG, DOCKER_CONTEXT, BUILDX_NO_DEFAULT_ATTESTATIONS: "1" };
}

/** A port that nobody has, below those that the system gives to connections: it has to be free again and again. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((answer) => {
      server.once("error", () => answer(false));
      server.listen(port, "127.0.0.1", () => answer(true));
    });
    server.close();
    if (isFree) return port;
  }
}
