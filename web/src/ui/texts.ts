/** Every text of the page, in one place. */

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

export const texts = {
  product: "Holdfast",
  claim: "Chat that keeps what you wrote.",
  starting: "Connecting…",
  startingLonger: "The server cannot be reached. Trying again…",
  cannotKeep: "This browser keeps nothing for this page.",
  cannotKeepWhy:
    "Holdfast stores each message on your device before it is sent, so that none gets lost. Allow site data for this page, or leave the private window, and load it again.",

  userName: "User name",
  password: "Password",
  logIn: "Log in",
  createAccount: "Create account",
  logInHint: "New here? Choose a user name and a password of at least 8 characters.",
  sessionEnded: "Your session has ended. Log in again: nothing that you wrote is lost.",
  userNameRule: "2 to 32 characters: a–z, 0–9, and after the first one also . _ -",
  passwordRule: "The password needs at least 8 characters.",

  logOut: "Log out",
  logOutUnsentTitle: "Some messages are not sent yet",
  logOutUnsent: (count: number) =>
    `${plural(count, "message is", "messages are")} still waiting on this device. If you log out now, ${count === 1 ? "it is" : "they are"} deleted.`,
  stay: "Stay",
  discard: "Discard and end the session",

  rooms: "Rooms",
  backToRooms: "Back to rooms",
  noRooms: "You are in no room yet.",
  noMessages: "No messages yet",
  unread: (count: number) => plural(count, "new message", "new messages"),
  you: "You",
  notSentTitle: "Not sent",
  notSent: (count: number) => plural(count, "message was not sent", "messages were not sent"),
  overview: "Overview",
  invitesTitle: "Invites",
  noInvites: "No invites are waiting for you.",
  invitedBy: (name: string) => `${name} asks you in`,
  accept: "Accept",
  decline: "Decline",
  newRoomTitle: "A new room",
  roomName: "Room name",
  roomNameRule: "Letters, digits, - and _, up to 64. It cannot be changed later.",
  createRoom: "Create room",

  messages: "Messages",
  message: "Message",
  messageTo: (room: string) => `Write to ${room}`,
  send: "Send",
  sendHint: "Enter sends, Shift + Enter starts a new line",
  charactersLeft: (count: number) => `${plural(count, "character", "characters")} left`,
  charactersOver: (count: number) => `${plural(count, "character", "characters")} too many`,
  cannotWrite: "This browser could not store the message, so it was not sent.",
  loadingMessages: "Loading messages…",
  loadOlder: "Show earlier messages",
  olderFailed: "Earlier messages could not be read.",
  beginning: (room: string) => `This is where ${room} begins.`,
  catchingUp: (count: number) => `${plural(count, "newer message is", "newer messages are")} being fetched…`,
  jumpToLatest: "Jump to latest",
  jumpToNew: (count: number) => `Jump to latest · ${plural(count, "new message", "new messages")}`,
  today: "Today",
  yesterday: "Yesterday",
  states: { queued: "Waiting to be sent", sending: "Sending…", stored: "Stored", failed: "Not sent" },
  tryAgain: "Try again",
  delete: "Delete",

  members: "Members",
  memberCount: (count: number) => plural(count, "member", "members"),
  owner: "owner",
  inviteUser: "Invite user",
  invite: "Invite",
  invited: (name: string) => `${name} has been asked in.`,
  leaveRoom: "Leave room",
  membersFailed: "The list of members could not be read.",

  status: {
    offline: "Offline: what you write is kept and sent later",
    connecting: "Connecting…",
    reconnecting: "Reconnecting…",
    resyncing: "Catching up…",
    current: "Up to date",
  },

  unknownPage: "There is no such page",
  unknownPageHint: "The address may be mistyped, or the page is gone.",
  unknownRoom: (room: string) => `You are not in “${room}”`,
  unknownRoomHint: "There is no such room, or you are no member of it. A member of the room can invite you.",
  toOverview: "Go to your rooms",

  /** What to say of a code of the contract, where the call has nothing better to say. */
  errors: {
    unauthenticated: "That user name and password do not match.",
    not_a_member: "You are not a member of this room.",
    forbidden: "You may not do this.",
    not_found: "There is nobody of that name.",
    invalid_argument: "The server did not accept this.",
    too_large: "This is too long.",
    already_exists: "That name is taken.",
    idempotency_conflict: "The server has another message under this one's id.",
    failed_precondition: "That is not possible any more.",
    rate_limited: "Too many tries. Wait a little.",
    unavailable: "The server is not available right now.",
    internal: "The server made a mistake.",
    no_answer: "The server did not answer.",
    fault: "Something went wrong.",
  } as Readonly<Record<string, string>>,
  alreadyInvitedOrMember: "That user is a member already.",
};

/** What to say of a failed call. */
export function errorText(code: string): string {
  return (Object.hasOwn(texts.errors, code) ? texts.errors[code] : texts.errors["fault"]) ?? code;
}
