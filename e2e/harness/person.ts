/** Somebody with an account and a session. */

import { Client, type ClientOptions } from "./client";
import { Rest } from "./rest";
import type { FriendRequest, Invite, Uploaded } from "./wire";

export const PASSWORD = "correct horse battery";

export class Person {
  readonly userId: string;
  readonly token: string;
  readonly rest: Rest;
  readonly #url: string;

  constructor(url: string, userId: string, token: string) {
    this.#url = url;
    this.userId = userId;
    this.token = token;
    this.rest = new Rest(url, token);
  }

  /** An account. One that a busy machine had no time for is asked for again, and may be there by then. */
  static async signUp(url: string, userId: string, displayName?: string): Promise<Person> {
    const account = { userId, password: PASSWORD, ...(displayName === undefined ? {} : { displayName }) };
    const answer = await new Rest(url).post("/auth/signup", account);
    if (answer.status === 201) return new Person(url, userId, (answer.body as { token: string }).token);
    if (answer.status !== 503) throw new Error(`signing up was answered ${JSON.stringify(answer.body)}`);
    const { status } = await new Rest(url).post("/auth/signup", account);
    if (status !== 201 && status !== 409) throw new Error(`signing up again was answered ${status}`);
    return Person.logIn(url, userId);
  }

  /** Another session of somebody who has an account. */
  static async logIn(url: string, userId: string, password = PASSWORD): Promise<Person> {
    const session = await new Rest(url).expect(200, "POST", "/auth/login", { userId, password });
    return new Person(url, userId, (session as { token: string }).token);
  }

  /** A socket of this session. */
  connect(options: ClientOptions = {}, url = this.#url): Promise<Client> {
    return Client.connect(url, { transports: ["websocket"], token: this.token, ...options });
  }

  async createRoom(...members: Person[]): Promise<string> {
    const roomId = `room-${crypto.randomUUID()}`;
    await this.rest.expect(201, "POST", "/social/rooms", { roomId });
    await Promise.all(members.map((member) => this.bring(roomId, member)));
    return roomId;
  }

  /** Invites somebody, who accepts. */
  async bring(roomId: string, member: Person): Promise<void> {
    const invite = await this.invite(roomId, member.userId);
    await member.rest.expect(200, "POST", "/social/rooms/invite/accept", { inviteId: invite.id });
  }

  async invite(roomId: string, toUserId: string): Promise<Invite> {
    const answer = await this.rest.expect(201, "POST", "/social/rooms/invite", { roomId, toUserId });
    return (answer as { invite: Invite }).invite;
  }

  leave(roomId: string): Promise<unknown> {
    return this.rest.expect(204, "POST", `/social/rooms/${roomId}/leave`);
  }

  /** Removes somebody from a room of one's own. */
  kick(roomId: string, member: Person): Promise<unknown> {
    return this.rest.expect(204, "DELETE", `/social/rooms/${roomId}/members/${member.userId}`);
  }

  async askToBeFriends(toUserId: string): Promise<FriendRequest> {
    const answer = await this.rest.expect(201, "POST", "/social/friend-requests", { toUserId });
    return (answer as { request: FriendRequest }).request;
  }

  /** Asks others to be friends, who accept. */
  async befriend(...others: Person[]): Promise<void> {
    for (const other of others) {
      const { id } = await this.askToBeFriends(other.userId);
      await other.rest.expect(200, "POST", `/social/friend-requests/${id}/accept`);
    }
  }

  unfriend(other: Person): Promise<unknown> {
    return this.rest.expect(204, "DELETE", `/social/friends/${other.userId}`);
  }

  /** The direct room with a friend. */
  async startDirect(friend: Person): Promise<string> {
    const answer = await this.rest.expect(200, "POST", "/social/dm/start", { toUserId: friend.userId });
    return (answer as { room: { roomId: string } }).room.roomId;
  }

  async upload(content: BlobPart, name: string, type = ""): Promise<Uploaded> {
    const answer = await this.rest.upload(content, name, type);
    if (answer.status !== 201)
      throw new Error(`the upload was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as Uploaded;
  }
}
