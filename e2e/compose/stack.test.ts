/**
 * The whole of Holdfast in containers, on a real engine: one story, each test where the one before left off. Nothing of
 * it is left in the end but base images and the engine's cache of builds.
 */

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project, docker, logs, sources, type Service } from "../harness/compose";
import { Grpc } from "../harness/grpc";
import { upTo } from "../harness/load";
import { PASSWORD, Person } from "../harness/person";
import { Talk } from "../harness/talk";
import { until } from "../harness/until";

const SERVING = ["core", "gateway"] as const;

/** The user of both images. */
const USER = "65532";

/** What a build may take where nothing is in the cache. */
const BUILD_MS = 3_600_000;

/** What an engine may take to start a container that ended, a first health check included. */
const RESTART = { deadlineMs: 60_000 };

let project: Project;
let alice: Person;
let bob: Person;
let room: string;
let fileUrl: string;

beforeAll(async () => {
  project = await Project.prepare("holdfast-compose-test");
});

afterAll(() => project.clear());

test("all images are built", { timeout: BUILD_MS }, async () => {
  const began = Date.now();
  await project.build();
  tell(`built in ${seconds(began)}`);
  for (const service of [...SERVING, "grpc"] as const) {
    const bytes = Number(await docker(["image", "inspect", "--format", "{{.Size}}", project.image(service)]));
    tell(`image of ${service}: ${(bytes / 1e6).toFixed(1)} MB`);
  }
});

test("what is up is healthy, and its page is at the published port", async () => {
  await project.up();
  for (const service of SERVING) {
    const { Id, State } = await project.container(service);
    expect(State.Health?.Status).toBe("healthy");
    // The log has the shape that the settings ask for.
    const lines = (await logs(Id)).trim().split("\n");
    const told = lines.map((line) => (JSON.parse(line) as { fields: { message: string } }).fields.message);
    expect(told).toContain("listening");
  }
  const page = await fetch(project.url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<title>Holdfast");
});

test("two people sign up and chat through it", async () => {
  alice = await Person.signUp(project.url, "alice-ann");
  bob = await Person.signUp(project.url, "bob-by");
  room = await alice.createRoom(bob);
  const [from, to] = [await alice.connect(), await bob.connect()];
  await to.joined(room);
  expect(await from.send(room, "hello")).toMatchObject({ ok: true, status: "accepted" });
  expect(await to.event("message_new")).toMatchObject({ roomId: room, text: "hello", userId: alice.userId });
  fileUrl = (await alice.upload("some text", "note.txt", "text/plain")).url;
  from.close();
  to.close();
});

test("the gateway's port alone is published, and on this machine's loopback alone", async () => {
  const [core, gateway] = [await project.container("core"), await project.container("gateway")];
  expect(Object.values(core.NetworkSettings.Ports).filter(Boolean)).toEqual([]);
  expect(gateway.NetworkSettings.Ports).toEqual({
    "3000/tcp": [{ HostIp: "127.0.0.1", HostPort: `${project.port}` }],
  });
});

test("the core is not reached from outside its network", async () => {
  const { Networks } = (await project.container("core")).NetworkSettings;
  expect(Object.keys(Networks)).toEqual([`${project.name}_core`]);
  const address = Networks[`${project.name}_core`]?.IPAddress;
  const outside = `${project.name}-outsider`;
  const place = ["--network", `${project.name}_edge`, "--env", `GATEWAY_CORE=http://${address}:50051`];
  const token = ["--volume", `${project.name}_service-token:/run/holdfast:ro`];
  await project.beside(outside, [...place, ...token], project.image("gateway"));
  try {
    const isReady = () =>
      docker(["exec", outside, "ws-gateway", "healthcheck"]).then(
        () => true,
        () => false,
      );
    const isRefused = async () => /no events come from the core code="unavailable"/.test(await logs(outside));
    await until("a gateway outside fails to reach the core", isRefused, { deadlineMs: 30_000 });
    expect(await isReady()).toBe(false);
    await docker(["network", "connect", `${project.name}_core`, outside]);
    await until("the same gateway inside reaches it", isReady, { deadlineMs: 30_000 });
  } finally {
    await docker(["rm", "--force", outside]);
  }
});

test.each(SERVING)("the %s has no power that it does not need", async (service) => {
  const { Id, HostConfig } = await project.container(service);
  const [, ...users] = (await docker(["top", Id, "-o", "uid,pid"])).trim().split("\n");
  expect(users.map((line) => line.trim().split(/\s+/)[0])).toEqual([USER]);
  expect(HostConfig).toMatchObject({
    ReadonlyRootfs: true,
    CapDrop: ["ALL"],
    RestartPolicy: { Name: "unless-stopped" },
  });
  expect(HostConfig.SecurityOpt).toContain("no-new-privileges:true");
  expect(HostConfig.Memory).toBeGreaterThan(0);
  expect(HostConfig.PidsLimit).toBeGreaterThan(0);
});

test("the core can write to its volume, and nowhere else", async () => {
  const fill = (folder: string) => project.exec("core", "core-service", "--data-dir", folder, "demo");
  await fill("/data/elsewhere");
  await expect(fill("/elsewhere")).rejects.toThrow("Read-only file system");
});

/** What can happen to a service, and how it comes back. */
const fates = {
  /** Docker was asked to, so that it has to be asked for the start as well. */
  killed: async (service: Service) => {
    await project.compose(["kill", service]);
    await project.up();
  },
  restarted: async (service: Service) => {
    await project.compose(["restart", service]);
  },
  /** Docker notices, and starts it by itself. */
  crashed: async (service: Service) => {
    const { RestartCount } = await project.container(service);
    await project.crash(service);
    const isBack = async () => {
      const { RestartCount: restarts, State } = await project.container(service);
      return restarts > RestartCount && State.Health?.Status === "healthy";
    };
    await until(`the ${service} is started again`, isBack, RESTART);
  },
};

test("under load each service is killed, restarted and crashes, and nothing acknowledged is lost", async () => {
  const others = [await Person.signUp(project.url, "carol-c"), await Person.signUp(project.url, "dan-d")];
  for (const other of others) await alice.bring(room, other);
  const talk = await Talk.begin(room, alice, bob, ...others);
  await talk.goesOn();
  for (const service of SERVING) {
    for (const [what, befall] of Object.entries(fates)) {
      const began = Date.now();
      await befall(service);
      await talk.goesOn();
      tell(`${service} ${what}: messages are stored again after ${seconds(began)}`);
    }
  }
  await talk.end();
  const log = await alice.rest.log(room);
  tell(`${talk.stored.length} messages were acknowledged meanwhile`);
  expect(log.map(({ seq }) => seq)).toEqual(upTo(log.length));
  // The first one was said before. All others were acknowledged, once, where they are.
  const found = log.slice(1).map(({ clientMsgId, seq, text }) => ({ clientMsgId, seq, text }));
  expect(found).toEqual(talk.stored.toSorted((one, other) => one.seq - other.seq));
});

test("it stops in its time, with sockets open, and ends by itself", async () => {
  const client = await alice.connect();
  const began = Date.now();
  await project.compose(["stop"]);
  tell(`stopped after ${seconds(began)}`);
  for (const service of SERVING) {
    // A process that is still there when its grace is over is killed, which is 137.
    expect((await project.container(service)).State).toMatchObject({ Status: "exited", ExitCode: 0 });
  }
  expect(client.events("server_draining")).toHaveLength(1);
  client.close();
});

test("what was there before is there after down and up, sessions and files included", async () => {
  await project.up();
  const before = await alice.rest.log(room);
  await project.compose(["down"]);
  await project.up();
  expect(await bob.rest.log(room)).toEqual(before);
  expect(before.length).toBeGreaterThan(1);
  expect((await alice.rest.get(fileUrl)).bytes.toString()).toBe("some text");
});

test("what OPERATIONS.md says of backups takes one from what runs, and puts it back", async () => {
  const [take, putBack] = await commands("Data and backup");
  const before = await alice.rest.page(room, "?limit=500&afterSeq=0");
  await project.shell(take);
  await alice.rest.send(room, "said after the backup");
  await project.shell(putBack);
  const after = await alice.rest.page(room, "?limit=500&afterSeq=0");
  expect(after).toEqual({ ...before, epoch: after.epoch });
  expect(after.epoch).not.toBe(before.epoch);
  expect((await alice.rest.get(fileUrl)).bytes.toString()).toBe("some text");
  // Once more: nothing that was left behind is in its way.
  await project.shell(take);
});

test("the profile grpc publishes the core's gRPC on this machine's loopback", async () => {
  await project.up(["grpc"]);
  const grpc = new Grpc(`127.0.0.1:${project.grpcPort}`);
  const account = { userId: alice.userId, password: PASSWORD };
  const session = (await grpc.call("AuthService", "LogIn", account)) as { token: string };
  const page = await grpc.call(
    "ChatService",
    "Resync",
    { roomId: room, afterSeq: 0, limit: 1 },
    session.token,
  );
  expect(page).toMatchObject({ messages: [{ seq: 1, text: "hello" }], hasMore: true });
  grpc.close();
  expect((await project.container("grpc")).NetworkSettings.Ports).toEqual({
    "50051/tcp": [{ HostIp: "127.0.0.1", HostPort: `${project.grpcPort}` }],
  });
});

test("the profile demo fills an empty database, and leaves another one as it is", async () => {
  await project.up(["demo"]);
  await expect(Person.logIn(project.url, "alice", "demo-password")).rejects.toThrow("401");
  await project.compose(["--profile", "*", "down", "--volumes"]);
  for (const messages of [0, 1]) {
    await project.up(["demo"]);
    const demo = await Person.logIn(project.url, "alice", "demo-password");
    expect(await demo.rest.log("lobby")).toHaveLength(messages);
    await demo.rest.send("lobby", "hello");
  }
});

test(
  "a change of the gateway's source builds and starts the gateway alone",
  { timeout: BUILD_MS },
  async () => {
    const copy = await mkdtemp(join(tmpdir(), "holdfast-sources-"));
    try {
      for (const { from, path } of await sources()) await cp(from, join(copy, path));
      const config = join(copy, "ws-gateway/src/config.rs");
      const text = await readFile(config, "utf8");
      // Another one each time, which no cache has.
      await writeFile(
        config,
        text.replace("/// Where browsers are served", `/// Where browsers are served ${Date.now()}`),
      );
      const before = { core: await project.container("core"), gateway: await project.container("gateway") };
      const began = Date.now();
      const log = await project.build(copy);
      tell(`the gateway was built again in ${seconds(began)}`);
      await project.up(["demo"], copy);
      expect((await project.container("gateway")).Image).not.toBe(before.gateway.Image);
      expect((await project.container("core")).Id).toBe(before.core.Id);
      const steps = [
        "npm run build",
        "cargo chef cook",
        "cargo build --release --locked --package core-service",
      ];
      const cached = steps.map((step) => expect.stringContaining(step) as string);
      expect(cachedSteps(log)).toEqual(expect.arrayContaining(cached));
    } finally {
      await rm(copy, { recursive: true });
    }
  },
);

test("nothing is left in the end", async () => {
  await project.remove();
  expect(await project.leftovers()).toEqual([]);
});

/** What the tests find worth telling, beside passing. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1_000).toFixed(1)} s`;
}

/** The commands below a heading of docs/OPERATIONS.md, for the volumes of this project. */
async function commands(heading: string): Promise<[string, string]> {
  const text = await readFile(join(import.meta.dirname, "../../docs/OPERATIONS.md"), "utf8");
  const [, section = ""] = text.split(`## ${heading}\n`);
  const blocks = [...(section.split("\n## ")[0] ?? "").matchAll(/^```sh\n([^]*?)^```/gm)];
  const [first = "", second = ""] = blocks.map(([, block = ""]) =>
    block.replaceAll("holdfast_", `${project.name}_`),
  );
  expect(second).not.toBe("");
  return [first, second];
}

/** The steps of a build that were not carried out again. */
function cachedSteps(log: string): (string | undefined)[] {
  const names = new Map([...log.matchAll(/^#(\d+) (\[.*)$/gm)].map(([, step, name]) => [step, name]));
  return [...log.matchAll(/^#(\d+) CACHED$/gm)].map(([, step]) => names.get(step));
}
