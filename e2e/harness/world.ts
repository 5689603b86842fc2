/** A world in which every page has something to show: friends, requests, invites, rooms with a history, unread messages. */

import { Person } from "./person";
import { picture, textFile } from "./picture";
import type { Stack } from "./stack";
import type { Visitor } from "./visitor";

export interface World {
  /** Whose pages are looked at. */
  ada: Person;
  /** A channel of hers with a history. */
  room: string;
  /** A friend with whom she has a direct room. */
  friend: Person;
}

const CODE =
  "Try this:\n```\nfor room in $(ls rooms); do\n  holdfast export $room\ndone\n```\nand tell me, please.";
const LONG =
  "We went through all of it yesterday, and I think that the plan holds: first the people who asked for it, then everybody " +
  "else, and nobody is moved twice. The notes are at https://example.org/notes/2026/plan?part=2#rooms if you want to read them.";

export async function makeWorld(stack: Stack): Promise<World> {
  const join = (userId: string, displayName: string) => Person.signUp(stack.url(), userId, displayName);
  const ada = await join("ada", "Ada Lovelace");
  const ben = await join("ben", "Ben Okafor");
  const chloe = await join("chloe", "Chloé Dubois");
  const minji = await join("minji", "김민지");
  const emil = await join("emil", "Emil Andersson-Wiśniewski of the Harbour Office");
  await ada.befriend(ben, chloe, minji);
  await emil.askToBeFriends(ada.userId);

  const room = await open(ada, "project-alpha", "Project Alpha", ben, chloe, minji);
  await talk(room, ada, ben, chloe, minji);
  await open(chloe, "reading-club", "Reading club", ada, ben);
  await chloe.rest.send("reading-club", "Who brings the cake?");
  await ben.rest.send("reading-club", "Me. As always.");
  await open(ada, "lunch", "Lunch");
  await open(emil, "harbour-office", "Harbour office: berths, moorings and everything that floats");
  await emil.invite("harbour-office", ada.userId);
  const direct = await ben.startDirect(ada);
  await ben.rest.send(direct, "Do you have a minute?");
  await ada.rest.send(direct, "For you: two.");
  await ben.rest.send(direct, "I will call you then.");
  await ben.connect();
  return { ada, room, friend: ben };
}

async function open(owner: Person, roomId: string, title: string, ...members: Person[]): Promise<string> {
  await owner.rest.expect(201, "POST", "/social/rooms", { roomId, title });
  for (const member of members) await owner.bring(roomId, member);
  return roomId;
}

async function talk(room: string, ada: Person, ben: Person, chloe: Person, minji: Person): Promise<void> {
  await ada.rest.send(room, "Good morning! Is everybody ready for Thursday?");
  await ben.rest.send(room, "Almost.");
  await ben.rest.send(room, LONG);
  await minji.rest.send(room, "네, 준비됐어요. 그림도 곧 올릴게요 🌅");
  await share(minji, room, picture("harbour at dawn.png", 640, 400));
  await chloe.rest.send(room, CODE);
  await share(chloe, room, textFile("minutes of the meeting.txt", "Present: everybody.\n".repeat(40)));
  await ada.rest.send(room, "Thank you, that helps.");
  await ada.rest.post(`/social/rooms/${room}/read`, { seq: 8 });
  await ben.rest.post(`/social/rooms/${room}/read`, { seq: 8 });
  await chloe.rest.send(room, "One more thing:");
  await chloe.rest.send(room, "who has the key of the shed?");
}

async function share(person: Person, room: string, file: ReturnType<typeof picture>): Promise<void> {
  const { fileId } = await person.upload(new Uint8Array(file.buffer), file.name, file.mimeType);
  const body = { clientMsgId: crypto.randomUUID(), fileId };
  await person.rest.expect(201, "POST", `/social/rooms/${room}/messages`, body);
}

/** Leaves the room on screen with a message of each kind: refused, waiting, with a file that waits, and a draft. */
export async function writeOfEachKind(visitor: Visitor): Promise<void> {
  // No message may hold this character: the server refuses it.
  await visitor.write("this one is \u0000 refused");
  await visitor.page.getByRole("button", { name: "Try again" }).waitFor();
  await visitor.context.setOffline(true);
  await visitor.write("this one waits");
  await visitor.sendFiles(picture("waiting.png"), textFile("waiting too.txt", "text"));
  await visitor.attach(picture("not sent yet.png"), textFile("nor this.txt", "text"));
  await visitor.field("Message").fill("half a thought");
  await visitor.connection("offline");
}
