/** Types of the events are described at length in `proto/asyncapi.yaml`, which a test holds against the gateway. */

/** RFC 3339, in UTC, with milliseconds. */
export type Moment = string;

export type Side = 'CLIENT' | 'SHOP';

export interface ChatAttachment {
  kind: 'image' | 'video';
  url: string;
  sizeBytes?: number;
  durationSeconds?: number;
  width?: number;
  height?: number;
}

export interface ChatMessage {
  id: string;
  conversationId: string;
  senderType: Side | 'SYSTEM';
  senderAuthUserId: string | null;
  messageType: 'TEXT' | 'IMAGE' | 'VIDEO' | 'SYSTEM';
  content: string | null;
  attachments: ChatAttachment[] | null;
  createdAt: Moment;
  /** Its place in the conversation, from 1, without gaps. */
  sequence: number;
}

/** Somebody wrote; both sides hear it, and right after it a `chat:unread_update`. */
export interface ChatNewMessage {
  conversationId: string;
  message: ChatMessage;
  conversation: {
    id: string;
    updatedAt: Moment;
    lastMessagePreview: string | null;
    firstResponseSeconds: number | null;
  };
  /** Whose copy this is. */
  recipient: Side;
  /** 1 for the side that has it to read, 0 for its author's. */
  unreadDelta: number;
}

export interface ChatUnreadUpdate {
  conversationId: string;
  at: Moment;
  unreadDelta: number;
  unreadCount: number;
}

/** One side has read up to a message; both hear it. */
export interface ChatRead {
  conversationId: string;
  reader: Side;
  /** The `sequence` of the last message they have read. */
  readTo: number;
  unreadCount: number;
  at: Moment;
}

/** One side is typing; the other hears it. It holds for so long, unless said again; 0 says that it is over. */
export interface ChatTyping {
  conversationId: string;
  by: Side;
  expiresInMs: number;
  at: Moment;
}

/** Whether somebody is there: of topics like `presence:shop:<shop>`. */
export interface Presence {
  channel: string;
  online: boolean;
  at: Moment;
}

/** How many watch a live stream now: of topics like `live:<live>`. */
export interface LiveViewers {
  liveId: string;
  viewers: number;
  at: Moment;
}

/** A reel of the own shop moved. */
export interface ReelStatus {
  reelId: string;
  shopId: string;
  status: 'PROCESSING' | 'ACTIVE' | 'HIDDEN' | 'EXPIRED';
  stage: string | null;
  /** Percent. */
  progress: number;
  errorCode: string | null;
  errorMessage: string | null;
  at: Moment;
}

export interface ReelPublished {
  reelId: string;
  shopId: string;
  type: 'VIDEO' | 'PHOTO_SET';
  videoUrl: string | null;
  photoUrls: string[];
  thumbnailUrl: string | null;
  expiresAt: Moment | null;
  at: Moment;
}

export interface ReelWithdrawn {
  reelId: string;
  shopId: string;
  at: Moment;
}

/** Events of the topic are missing, and will never come: fetch again what depends on them. */
export interface Gap {
  topic: string;
  from: number;
  to: number;
  at: Moment;
}

/** Why a connection is made again; those from `expired` on are the gateway's own words. */
export type Reason =
  | 'network'
  | 'silent'
  | 'timeout'
  | 'unavailable'
  | 'expired'
  | 'aged'
  | 'draining'
  | 'revoked'
  | 'busy'
  | 'crowded'
  | (string & {});

/** What a refusal says. */
export interface Problem {
  status: number;
  code?: string;
  /** A sentence for people, in Spanish. */
  message?: string;
}

export type RealtimeState =
  /** Not opened yet. */
  | { state: 'idle' }
  | { state: 'connecting' }
  /** `resumed` when it goes on after an earlier connection; what was missed comes first, and happened before `at`. */
  | { state: 'open'; channel: string; at: Moment; resumed: boolean }
  /** It is made again in so many milliseconds. `code` where the gateway says more. */
  | { state: 'waiting'; reason: Reason; retryInMs: number; code?: string }
  /** For good, until `open` is called: by `close`, or because the platform refuses. */
  | { state: 'closed'; reason: 'closed' | 'unauthorized' | 'forbidden' | 'refused'; problem?: Problem };

/** By name. Declare more members for events that this version does not know. */
export interface RealtimeEvents {
  'chat:new_message': ChatNewMessage;
  'chat:unread_update': ChatUnreadUpdate;
  'chat:read': ChatRead;
  'chat:typing': ChatTyping;
  'presence': Presence;
  'live:viewers': LiveViewers;
  'reel:status': ReelStatus;
  'reels:published': ReelPublished;
  'reels:withdrawn': ReelWithdrawn;
  /** From this client: the connection changed. */
  state: RealtimeState;
  /** From this client: something is gone for good. */
  gap: Gap;
}

export interface RealtimeOptions {
  /** Scheme and authority of the platform; the page's own unless said. */
  baseUrl?: string;
  /**
   * The caller's bearer token, asked for at every connection. `refused` is true when the one of a moment ago was: fetch
   * another, past any cache. No token means signed out, which closes the client. A callback that fails is asked again.
   */
  getToken: (asked: { refused: boolean }) => Promise<string | null | undefined> | string | null | undefined;
  /** What to hear; all that the caller may, unless said. At most eight. */
  topics?: string[];
  /** The `X-Realtime-Cursor` of the answer that the page was built from: the stream goes on from there. */
  since?: string | null;
  /** What the client stands on, for tests. */
  environment?: Partial<RealtimeEnvironment>;
}

export interface RealtimeEnvironment {
  fetch: typeof fetch;
  EventSource: typeof EventSource;
  setTimeout: (then: () => void, ms: number) => any;
  clearTimeout: (timer: any) => void;
  /** Milliseconds. */
  now: () => number;
  /** From 0 up to 1. */
  random: () => number;
  /** Says `online`. */
  window?: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
  /** Says `visibilitychange`. */
  document?: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { visibilityState: string };
}

/** A stream of live events that comes back by itself. */
export class AvvivoRealtime {
  constructor(options: RealtimeOptions);
  readonly state: RealtimeState;
  /** Where the stream was read to: the `since` of a later client. */
  readonly cursor: string | null;
  /** Calls `listener` with the data of every event of that name, until the answered function is called. */
  on<Name extends keyof RealtimeEvents>(name: Name, listener: (data: RealtimeEvents[Name]) => void): () => void;
  /** Connects, and stays connected until `close`. */
  open(): void;
  /** Hears other topics from now on. What goes on being heard goes on where it was; what is new begins now. */
  follow(topics: string[]): void;
  /** Ends the connection. `open` begins it again, where it was. */
  close(): void;
}
