import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AvvivoRealtime } from './avvivo-realtime.js';
import { World, settle } from './fakes.js';

/** A client in a world of its own, with everything it says. */
function begin(options = {}) {
  const world = new World();
  const said = [];
  const client = new AvvivoRealtime({
    getToken: async () => 'token',
    topics: ['chat', 'reels'],
    environment: world.environment,
    ...options,
  });
  for (const name of ['state', 'gap', 'chat:read', 'chat:typing']) client.on(name, (data) => said.push([name, data]));
  const states = () => said.filter(([name]) => name === 'state').map(([, state]) => state);
  const heard = (wanted = 'chat:read') => said.filter(([name]) => name === wanted).map(([, data]) => data);
  return { world, client, said, states, heard };
}

/** The same, with its first stream open at `aaaa-a.bbbb-4`. */
async function opened(options) {
  const all = begin(options);
  all.client.open();
  await settle();
  all.world.greet('aaaa-a.bbbb-4');
  return all;
}

const query = (stream) => Object.fromEntries(stream.url.searchParams);

test('a stream is opened with a ticket that is asked for with the token', async () => {
  const { world, client, states } = begin({ baseUrl: 'https://api.test' });
  assert.deepEqual(client.state, { state: 'idle' });
  client.open();
  client.open();
  await settle();
  assert.deepEqual(world.requests, [
    { url: 'https://api.test/realtime/tickets', token: 'Bearer token', body: { topics: ['chat', 'reels'] } },
  ]);
  assert.equal(world.streams.length, 1);
  assert.equal(world.stream.url.origin + world.stream.url.pathname, 'https://api.test/realtime/stream');
  assert.deepEqual(query(world.stream), { ticket: 'ticket-1' });
  world.greet('aaaa-a');
  assert.deepEqual(states(), [
    { state: 'connecting' },
    { state: 'open', channel: 'client:a', at: '2026-03-10T14:25:01.500Z', resumed: false },
  ]);
});

test('without topics it hears all that the caller may', async () => {
  const { world, client } = begin({ topics: undefined });
  client.open();
  await settle();
  assert.deepEqual(world.requests[0].body, {});
});

test('a page goes on where its answer ends', async () => {
  const { world, client, heard } = begin({ since: 'aaaa-a' });
  client.open();
  await settle();
  assert.deepEqual(query(world.stream), { ticket: 'ticket-1', since: 'aaaa-a' });
  world.greet('aaaa-a.bbbb-4');
  world.say('chat:read', 1, 'aaaa-a.bbbb-4');
  world.say('chat:read', 2, 'aaaa-c.bbbb-4');
  assert.equal(client.cursor, 'aaaa-c.bbbb-4');
  assert.deepEqual(heard(), [1, 2]);
});

test('after a fault it comes back with a new ticket and the last cursor', async () => {
  const { world, client, heard, states } = await opened();
  world.say('chat:read', 1, 'aaaa-c.bbbb-4');
  const [first] = world.streams;
  world.break();
  assert.equal(first.readyState, 2, 'its own reconnecting would use the spent ticket');
  assert.deepEqual(states().at(-1), { state: 'waiting', reason: 'network', retryInMs: 500 });
  await world.pass(499);
  assert.equal(world.streams.length, 1);
  await world.pass(1);
  assert.deepEqual(query(world.stream), { ticket: 'ticket-2', since: 'aaaa-c.bbbb-4' });
  world.greet('aaaa-c.bbbb-4');
  assert.equal(states().at(-1).resumed, true);
  world.say('chat:read', 2, 'aaaa-e.bbbb-4');
  assert.deepEqual(heard(), [1, 2]);
  assert.equal(client.cursor, 'aaaa-e.bbbb-4');
});

test('waits are drawn from a span that doubles up to a cap, and begin anew after a stable connection', async () => {
  const { world, client } = begin();
  const waits = [];
  client.on('state', ({ state, retryInMs }) => state === 'waiting' && waits.push(retryInMs));
  world.chance = 0.999999;
  client.open();
  await settle();
  for (let round = 0; round < 8; round += 1) {
    world.break({ closed: true });
    await world.pass(client.state.retryInMs);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);

  world.greet('aaaa-a');
  world.break();
  assert.equal(waits.at(-1), 30_000, 'a connection that breaks at once was none');
  await world.pass(30_000);
  world.greet('aaaa-a');
  await world.pass(10_000);
  world.break();
  assert.equal(waits.at(-1), 1_000);
  await world.pass(1_000);
  world.chance = 0;
  world.break();
  assert.equal(waits.at(-1), 0);
});

test('what the gateway ends is made again when it says, or at once', async () => {
  const { world, states } = await opened();
  await world.pass(60_000);
  world.say('realtime:resync', { reason: 'draining', at: 'now', retryInMs: 7_000 });
  assert.deepEqual(states().at(-1), { state: 'waiting', reason: 'draining', retryInMs: 7_000 });
  world.break();
  assert.equal(states().at(-1).reason, 'draining', 'the end of the body is no second end');
  await world.pass(7_000);
  assert.deepEqual(query(world.stream), { ticket: 'ticket-2', since: 'aaaa-a.bbbb-4' });
  world.greet('aaaa-a.bbbb-4');
  await world.pass(60_000);
  world.say('realtime:resync', { reason: 'expired', at: 'now' });
  assert.deepEqual(states().at(-1), { state: 'waiting', reason: 'expired', retryInMs: 0 });
});

test('a gateway that sends the same away again and again is given more time, and what it asks for', async () => {
  const { world, states } = await opened();
  world.say('realtime:resync', { reason: 'aged', at: 'now' });
  assert.equal(states().at(-1).retryInMs, 0);
  await world.pass(0);
  world.greet('aaaa-a.bbbb-4');
  world.say('realtime:resync', { reason: 'aged', at: 'now' });
  assert.equal(states().at(-1).retryInMs, 1_000);
  await world.pass(1_000);
  const shed = { reason: 'crowded', at: 'now', code: 'stream.too_many_connections', retryInMs: 45_000 };
  world.say('realtime:resync', shed);
  const { reason, code, retryInMs } = shed;
  assert.deepEqual(states().at(-1), { state: 'waiting', reason, retryInMs, code });
});

test('what was told before is not told again, in whatever audience', async () => {
  const { world, client, heard } = await opened();
  world.say('chat:read', 'a1', 'aaaa-c.bbbb-4');
  world.say('chat:read', 'b1', 'aaaa-c.bbbb-6');
  world.break();
  await world.pass(500);
  world.greet('aaaa-a.bbbb-4');
  world.say('chat:read', 'a1', 'aaaa-c.bbbb-4');
  world.say('chat:read', 'b1', 'aaaa-c.bbbb-6');
  assert.equal(client.cursor, 'aaaa-c.bbbb-6', 'a cursor never goes back');
  world.say('chat:read', 'a2', 'aaaa-d.bbbb-6');
  world.say('chat:read', 'a3', 'aaaa-10.bbbb-6');
  world.say('chat:read', 'a4', 'aaaa-100000000000.bbbb-6');
  world.say('chat:read', 'a5', 'aaaa-100000000001.bbbb-6');
  assert.deepEqual(heard(), ['a1', 'b1', 'a2', 'a3', 'a4', 'a5']);
});

test('what says how it is now has no place, and is always told', async () => {
  const { world, heard } = await opened();
  world.say('chat:typing', 1);
  world.say('chat:read', 2, 'aaaa-c.bbbb-4');
  world.say('chat:typing', 3);
  world.say('chat:typing', 4);
  assert.deepEqual(heard('chat:typing'), [1, 3, 4]);
});

test('ids of a grammar to come are taken as they are', async () => {
  const { world, client, heard } = await opened();
  world.say('chat:read', 1, 'v2:1');
  world.say('chat:read', 2, 'v2:2');
  assert.deepEqual(heard(), [1, 2]);
  assert.equal(client.cursor, 'v2:2');
});

test('what is gone for good is told, and the stream goes on from there', async () => {
  const { world, client, said, heard } = await opened();
  const gap = { topic: 'client:a', from: 3, to: 9, at: 'now' };
  world.say('realtime:resync', { reason: 'gap', ...gap }, 'aaaa-i.bbbb-4');
  assert.deepEqual(said.at(-1), ['gap', gap]);
  assert.equal(client.cursor, 'aaaa-i.bbbb-4');
  // From a database that was restored: places are behind ours, and right.
  world.say('realtime:resync', { reason: 'gap', ...gap }, 'aaaa-2.bbbb-4');
  assert.equal(client.cursor, 'aaaa-2.bbbb-4');
  world.say('chat:read', 1, 'aaaa-4.bbbb-4');
  assert.deepEqual(heard(), [1]);
});

test('whoever is refused is asked for a token once more, and then it is over', async () => {
  for (const [status, reason] of [[401, 'unauthorized'], [403, 'forbidden']]) {
    const asked = [];
    const { world, client } = begin({ getToken: async (how) => (asked.push(how), `token-${asked.length}`) });
    world.answers.push({ status }, { status, code: 'auth.suspended', message: 'Usuario suspendido.' });
    client.open();
    await settle();
    assert.deepEqual(asked, [{ refused: false }, { refused: true }]);
    assert.deepEqual(world.requests.map(({ token }) => token), ['Bearer token-1', 'Bearer token-2']);
    const problem = { status, code: 'auth.suspended', message: 'Usuario suspendido.' };
    assert.deepEqual(client.state, { state: 'closed', reason, problem });
    world.window.dispatchEvent(new Event('online'));
    await world.pass(3_600_000);
    assert.equal(world.requests.length, 2);
    assert.equal(world.timers, 0);
  }
});

test('a token that had just expired is replaced', async () => {
  const { world, client } = begin({ getToken: ({ refused }) => (refused ? 'new' : 'old') });
  world.answers.push({ status: 401 });
  client.open();
  await settle();
  assert.deepEqual(world.requests.map(({ token }) => token), ['Bearer old', 'Bearer new']);
  assert.equal(world.streams.length, 1);
});

test('somebody who signed out is not asked again', async () => {
  const { world, client } = begin({ getToken: async () => null });
  client.open();
  await settle();
  assert.equal(client.state.reason, 'unauthorized');
  assert.equal(world.requests.length, 0);
});

test('a request that makes no sense is not repeated', async () => {
  const { world, client } = begin();
  world.answers.push({ status: 400, code: 'realtime.unknown_topic', message: 'No hay.' });
  client.open();
  await settle();
  assert.equal(client.state.reason, 'refused');
  assert.deepEqual(client.state.problem, { status: 400, code: 'realtime.unknown_topic', message: 'No hay.' });
});

test('without a ticket it tries again, not before it is told to', async () => {
  const { world, client, states } = begin();
  world.answers.push({ status: 503, retryAfter: '5' }, { status: 429 }, () => Promise.reject(new TypeError('offline')));
  client.open();
  await settle();
  assert.deepEqual(client.state, { state: 'waiting', reason: 'unavailable', retryInMs: 5_000 });
  await world.pass(5_000);
  assert.equal(client.state.retryInMs, 1_000);
  await world.pass(1_000);
  assert.equal(client.state.retryInMs, 2_000);
  await world.pass(2_000);
  assert.equal(world.streams.length, 1);
  assert.equal(states().length, 7);
});

test('a callback that fails is asked again', async () => {
  let times = 0;
  const { world, client } = begin({
    getToken: async () => {
      if ((times += 1) === 1) throw new Error('offline');
      return 'token';
    },
  });
  client.open();
  await settle();
  assert.equal(client.state.reason, 'unavailable');
  await world.pass(500);
  assert.equal(world.streams.length, 1);
});

test('what does not answer is given up, and what comes of it later ignored', async () => {
  const { world, client, states } = begin();
  let late;
  let aborted = false;
  world.answers.push((signal) => {
    signal.addEventListener('abort', () => (aborted = true));
    return new Promise((resolve) => (late = resolve));
  });
  client.open();
  await settle();
  await world.pass(15_000);
  assert.deepEqual(states().at(-1), { state: 'waiting', reason: 'timeout', retryInMs: 500 });
  assert.ok(aborted);
  late(new Response(JSON.stringify({ ticket: 'late' })));
  await settle();
  assert.equal(world.streams.length, 0);
  await world.pass(500);
  await world.pass(15_000);
  assert.equal(states().at(-1).reason, 'timeout', 'a stream that never greets is given up, too');
  assert.equal(world.stream.readyState, 2);
});

test('a stream that misses two beats is dead, whatever its socket says', async () => {
  const { world, client, states } = begin();
  client.open();
  await settle();
  world.greet('aaaa-a', { beatInMs: 25_000 });
  await world.pass(50_000);
  world.say('realtime:ping', { at: 'now' });
  await world.pass(59_999);
  assert.equal(client.state.state, 'open');
  await world.pass(1);
  assert.equal(states().at(-1).reason, 'silent');
});

test('a stream whose beats cannot be heard may be quiet for long', async () => {
  const { world, client } = await opened();
  await world.pass(3_600_000);
  assert.equal(client.state.state, 'open');
});

test('the network is back: it does not wait any longer', async () => {
  const { world, client } = await opened();
  world.break();
  world.chance = 1;
  for (let round = 0; round < 4; round += 1) {
    await world.pass(client.state.retryInMs);
    world.break();
  }
  assert.equal(client.state.retryInMs, 16_000);
  world.window.dispatchEvent(new Event('online'));
  await settle();
  assert.equal(client.state.state, 'connecting');
  world.break();
  assert.equal(client.state.retryInMs, 1_000);
});

test('somebody looks at the page again: it does not wait, and sees what died meanwhile', async () => {
  const { world, client } = begin();
  const look = (visibilityState) => {
    world.document.visibilityState = visibilityState;
    world.document.dispatchEvent(new Event('visibilitychange'));
  };
  client.open();
  await settle();
  world.greet('aaaa-a', { beatInMs: 25_000 });
  look('hidden');
  // The computer sleeps: time passes, timers do not run.
  world.now += 3_600_000;
  look('visible');
  assert.equal(client.state.reason, 'silent');
  look('hidden');
  assert.equal(client.state.state, 'waiting');
  look('visible');
  assert.equal(client.state.state, 'connecting');
});

test('other topics are heard from where they begin, and those that stay from where they were', async () => {
  const { world, client, heard } = await opened();
  const [first] = world.streams;
  client.follow(['chat', 'presence:shop:b']);
  assert.equal(first.readyState, 2);
  await settle();
  assert.deepEqual(world.requests.at(-1).body, { topics: ['chat', 'presence:shop:b'] });
  assert.equal(query(world.stream).since, 'aaaa-a.bbbb-4');
  world.greet('aaaa-a.cccc-2');
  world.say('chat:read', 1, 'aaaa-a.cccc-4');
  assert.deepEqual(heard(), [1]);
  world.break();
  client.follow(['chat']);
  assert.equal(client.state.state, 'waiting', 'what waits goes on waiting, and asks for them then');
  await world.pass(500);
  assert.deepEqual(world.requests.at(-1).body, { topics: ['chat'] });
});

test('closed, it says nothing more and waits for nothing; opened again, it goes on', async () => {
  const { world, client, heard, states } = await opened();
  const [stream] = world.streams;
  client.close();
  assert.deepEqual(states().at(-1), { state: 'closed', reason: 'closed' });
  assert.equal(stream.readyState, 2);
  assert.equal(world.timers, 0);
  world.say('chat:read', 1, 'aaaa-c.bbbb-4');
  world.break();
  assert.deepEqual(heard(), []);
  client.open();
  await settle();
  assert.equal(query(world.stream).since, 'aaaa-a.bbbb-4');
});

test('closed while it connects, it stays closed', async () => {
  const { world, client } = begin();
  client.open();
  client.close();
  await world.pass(60_000);
  assert.equal(world.streams.length, 0);
  assert.equal(client.state.state, 'closed');
});

test('listeners come and go at any time, and one that fails keeps nothing from the others', async () => {
  const { world, client } = await opened();
  const heard = [];
  const leave = client.on('reel:status', (data) => heard.push(['first', data]));
  const fail = client.on('reel:status', () => {
    throw new Error('a listener failed');
  });
  client.on('reel:status', (data) => heard.push(['second', data]));
  world.say('reel:status', 1, 'aaaa-c.bbbb-4');
  await assert.rejects(() => world.pass(0), /a listener failed/);
  fail();
  leave();
  world.say('reel:status', 2, 'aaaa-e.bbbb-4');
  assert.deepEqual(heard, [['first', 1], ['second', 1], ['second', 2]]);
});
