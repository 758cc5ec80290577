// A page to try the chat with: two tabs, two people. The address says who, and which conversation: `#client-1/<id>`.

import { people } from '/dev/chat/rest.js';
import { Session } from '/dev/chat/session.js';
import { card, drawConnection, drawList, drawThread, paintCard } from '/dev/chat/view.js';

const at = (id) => document.getElementById(id);

let everybody = [];
let session = null;

const shops = () => everybody.filter(({ side }) => side === 'SHOP');

/** Somebody to be is chosen from a list, each a link so that a second tab is a click with the wheel. */
function drawPeople() {
  for (const side of ['CLIENT', 'SHOP']) {
    const rows = everybody.filter((person) => person.side === side).map((person) => {
      const row = card('a');
      paintCard(row, { name: person.name, preview: person.about });
      row.firstElementChild.href = `#${person.id}`;
      return row;
    });
    at(`pick-${side}`).replaceChildren(...rows);
  }
}

function draw() {
  if (!session) return;
  drawConnection(session);
  drawList(session, shops());
  drawThread(session);
  drawOtherSide();
}

/** A link to a tab in which one is whoever this conversation is with. */
function drawOtherSide() {
  const conversation = session.conversations.get(session.openId);
  const other = everybody.find(({ channel }) => channel === conversation?.channel);
  at('other-side').hidden = !other;
  if (other) at('other-side').href = `#${other.id}/${conversation.id}`;
}

/** Does what the address says. */
async function follow() {
  const [who, conversation] = location.hash.slice(1).split('/');
  const person = everybody.find(({ id }) => id === who);
  if (!person || session?.person.id !== person.id) await become(person);
  at('back').href = `#${who}`;
  await session?.look(session.conversations.has(conversation) ? conversation : null);
}

async function become(person) {
  session?.stop();
  session = null;
  at('pick').hidden = Boolean(person);
  at('chat').hidden = !person;
  at('me').hidden = !person;
  at('connection').hidden = true;
  document.title = 'Chat · Avellaneda en Vivo';
  if (!person) return;
  at('my-name').textContent = person.name;
  session = new Session(person, draw);
  try {
    await session.start();
  } catch (error) {
    session.stop();
    session = null;
    at('pick').hidden = false;
    at('chat').hidden = true;
    complain(error);
  }
}

function complain(error) {
  at('pick-problem').textContent = error.message;
  at('pick-problem').hidden = false;
}

function listen() {
  window.addEventListener('hashchange', () => follow());
  document.addEventListener('visibilitychange', () => session?.markRead());
  // Countdowns, and what is true only for a while.
  setInterval(draw, 500);

  at('shops-to-open').addEventListener('click', async ({ target }) => {
    const shop = target.closest('li')?.dataset.key;
    if (shop) location.hash = `${session.person.id}/${await session.begin(shop)}`;
  });
  at('older').addEventListener('click', () => session.older(session.openId));
  at('messages').addEventListener('click', ({ target }) => {
    const draft = session.threads.get(session.openId)?.drafts.find(({ key }) => key === target.dataset.draft);
    if (draft) session.sayAgain(session.openId, draft);
  });

  const text = at('text');
  text.addEventListener('input', () => session.type(session.openId, text.value !== ''));
  text.addEventListener('keydown', (event) => {
    // While letters are being composed, the key belongs to them.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    at('compose').requestSubmit();
  });
  at('compose').addEventListener('submit', (event) => {
    event.preventDefault();
    const content = text.value.trim();
    if (!content) return;
    session.say(session.openId, content);
    text.value = '';
    text.focus();
  });
}

try {
  everybody = await people();
  drawPeople();
  listen();
  await follow();
} catch (error) {
  at('pick').hidden = false;
  complain(error);
}
