// What is on the page: draws what a session knows, and changes only what changed, so that nothing jumps and a screen reader
// is told of new messages alone.

const at = (id) => document.getElementById(id);

const clock = new Intl.DateTimeFormat('es-AR', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const shortDay = new Intl.DateTimeFormat('es-AR', { day: 'numeric', month: 'short' });
const longDay = new Intl.DateTimeFormat('es-AR', { weekday: 'long', day: 'numeric', month: 'long' });

/** How long somebody who was away is told so. */
const WELCOME_BACK_MS = 8_000;
/** What was missed has come by then, mostly. */
const CAUGHT_UP_MS = 1_000;
/** Nearer to the end than this, the newest message stays in sight. */
const NEAR_END_PX = 80;

const ENDED = {
  unauthorized: 'Sesión vencida',
  forbidden: 'Sin permiso',
  refused: 'Pedido rechazado',
  closed: 'Desconectado',
};

const isToday = (moment) => new Date().toDateString() === moment.toDateString();

function dayName(moment) {
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  if (isToday(moment)) return 'Hoy';
  return moment.toDateString() === yesterday.toDateString() ? 'Ayer' : longDay.format(moment);
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Sets text only where it is another: whoever reads aloud would begin again. */
function write(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/** A face for whoever has none: initials, in a colour of their own. */
export function paintFace(face, name, isOnline) {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  write(face, words.slice(0, 2).map((word) => word[0].toUpperCase()).join(''));
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  face.style.setProperty('--hue', hue);
  face.dataset.online = Boolean(isOnline);
}

/** Makes the children of `list` those of `items`, in their order. Children that stay are the same elements as before. */
function arrange(list, items, make) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    let child = known.get(item.key);
    if (!child) {
      child = make(item);
      child.dataset.key = item.key;
    }
    known.delete(item.key);
    item.paint(child);
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  });
  known.forEach((child) => child.remove());
}

/** A row that leads somewhere: a face, a name, a line below. */
export function card(tag) {
  const row = element('li');
  const button = row.appendChild(element(tag, 'card'));
  if (tag === 'button') button.type = 'button';
  button.append(element('span', 'face'), element('strong'), element('time'), element('span', 'preview'), element('span', 'unread'));
  button.querySelector('.face').setAttribute('aria-hidden', 'true');
  return row;
}

export function paintCard(row, { name, preview, time = '', unread = 0, isOnline }) {
  const [face, strong, when, line, count] = row.firstElementChild.children;
  paintFace(face, name, isOnline);
  write(strong, name);
  write(when, time);
  write(line, preview);
  write(count, unread > 99 ? '99+' : String(unread));
  count.hidden = unread === 0;
  count.setAttribute('aria-label', unread === 1 ? '1 mensaje sin leer' : `${unread} mensajes sin leer`);
}

export function drawConnection(session) {
  const { connection } = session;
  const badge = at('connection');
  badge.hidden = false;
  badge.dataset.state = connection.state;
  write(badge, connectionText(session));
  badge.title = connection.problem?.message ?? '';
}

function connectionText({ connection, missed, wasAway }) {
  const { state, reason, retryInMs, since, isAway } = connection;
  if (state === 'connecting' || state === 'idle') return isAway ? 'Reconectando…' : 'Conectando…';
  if (state === 'closed') return ENDED[reason];
  if (state === 'waiting') {
    const seconds = Math.ceil((since + retryInMs - Date.now()) / 1_000);
    return seconds > 0 ? `Reconectando en ${seconds} s` : 'Reconectando…';
  }
  const age = Date.now() - since;
  if (!wasAway || age > WELCOME_BACK_MS) return 'Conectado';
  if (missed === 0) return age > CAUGHT_UP_MS ? 'De vuelta: no faltaba nada' : 'De vuelta';
  return missed === 1 ? 'De vuelta: faltaba 1 mensaje' : `De vuelta: faltaban ${missed} mensajes`;
}

export function drawList(session, shops) {
  const rows = session.list.map((conversation) => ({ key: conversation.id, paint: (row) => paintRow(session, conversation, row) }));
  arrange(at('conversations'), rows, () => card('a'));
  const taken = new Set(session.list.map(({ channel }) => channel));
  const free = session.person.side === 'CLIENT' ? shops.filter(({ shopId }) => !taken.has(`shop:${shopId}`)) : [];
  const openable = free.map((shop) => ({
    key: shop.shopId,
    paint: (row) => paintCard(row, { name: shop.name, preview: 'Todavía no hablaron' }),
  }));
  arrange(at('shops-to-open'), openable, () => card('button'));
  at('openable').hidden = free.length === 0;
  at('list-name').hidden = rows.length === 0 && free.length > 0;
  at('no-conversations').hidden = rows.length > 0 || free.length > 0;
  document.title = `${session.unread ? `(${session.unread}) ` : ''}${session.person.name} · Avellaneda en Vivo`;
}

function paintRow(session, { id, name, updatedAt, lastMessagePreview, unreadCount, channel }, row) {
  const moment = new Date(updatedAt);
  paintCard(row, {
    name,
    preview: session.isTyping(id) ? 'Está escribiendo…' : (lastMessagePreview ?? 'Sin mensajes'),
    time: isToday(moment) ? clock.format(moment) : shortDay.format(moment),
    unread: unreadCount,
    isOnline: session.isOnline({ channel }),
  });
  row.firstElementChild.href = `#${session.person.id}/${id}`;
  row.firstElementChild.setAttribute('aria-current', id === session.openId);
}

export function drawThread(session) {
  const conversation = session.conversations.get(session.openId);
  at('chat').classList.toggle('reading', Boolean(conversation));
  at('nothing-open').hidden = Boolean(conversation);
  for (const id of ['thread-head', 'scroll', 'compose']) at(id).hidden = !conversation;
  at('problem').hidden = !session.problem;
  write(at('problem'), session.problem ?? '');
  if (!conversation) return;
  drawHead(session, conversation);
  const scroll = at('scroll');
  const isAnother = scroll.dataset.conversation !== conversation.id;
  const isAtEnd = isAnother || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;
  const newest = at('messages').lastElementChild;
  scroll.dataset.conversation = conversation.id;
  const { before } = drawMessages(session, conversation);
  at('older').hidden = !before;
  at('typing').hidden = !session.isTyping(conversation.id);
  if (isAtEnd || at('messages').lastElementChild?.matches('.pending')) scroll.scrollTop = scroll.scrollHeight;
  else if (newest === at('messages').lastElementChild) scroll.scrollTop = scroll.scrollHeight - fromEnd;
}

function drawHead(session, conversation) {
  const { id, name } = conversation;
  const [isOnline, isTyping] = [session.isOnline(conversation), session.isTyping(id)];
  paintFace(at('thread-face'), name, isOnline);
  write(at('thread-name'), name);
  const status = at('thread-status');
  write(status, isTyping ? 'Está escribiendo…' : isOnline ? 'En línea' : '');
  Object.assign(status.dataset, { online: isOnline, typing: isTyping });
}

function drawMessages(session, conversation) {
  const { messages, drafts, before } = session.written(conversation.id);
  const items = [];
  let [day, writer] = ['', ''];
  const begin = (moment) => {
    if (moment.toDateString() === day) return;
    [day, writer] = [moment.toDateString(), ''];
    items.push({ key: `day ${day}`, paint: (row) => write(row, dayName(moment)), kind: 'day' });
  };
  for (const message of messages) {
    begin(new Date(message.createdAt));
    const follows = writer === message.senderType;
    writer = message.senderType;
    items.push({ key: message.id, kind: 'message', paint: (row) => paintMessage(row, message, conversation, follows) });
  }
  for (const draft of drafts) {
    begin(new Date(draft.at));
    const follows = writer === session.person.side;
    writer = session.person.side;
    items.push({ key: draft.key, kind: 'message', paint: (row) => paintDraft(row, draft, follows) });
  }
  arrange(at('messages'), items, ({ kind }) => (kind === 'day' ? element('li', 'day') : bubble()));
  return { before };
}

function bubble() {
  const row = element('li');
  const body = row.appendChild(element('div', 'bubble'));
  body.append(element('span', 'files'), element('span', 'content'), element('span', 'foot'));
  body.lastElementChild.append(element('time'), element('span', 'mark'));
  return row;
}

function paintMessage(row, message, { readToByOther }, follows) {
  const isNote = message.senderType === 'SYSTEM';
  row.className = isNote ? 'note' : `message ${message.isMine ? 'mine' : 'theirs'}${follows ? ' follows' : ''}`;
  row.dataset.sequence = message.sequence;
  const files = row.querySelector('.files');
  if (!files.childElementCount) files.append(...(message.attachments ?? []).map(attachment));
  write(row.querySelector('.content'), message.content ?? '');
  paintFoot(row, message.createdAt);
  const mark = row.querySelector('.mark');
  mark.hidden = !message.isMine;
  if (!message.isMine) return;
  const isRead = message.sequence <= readToByOther;
  write(mark, isRead ? '✓✓' : '✓');
  mark.dataset.read = isRead;
  mark.setAttribute('role', 'img');
  mark.setAttribute('aria-label', isRead ? 'Leído' : 'Enviado');
}

function paintDraft(row, draft, follows) {
  row.className = `message mine ${draft.problem ? 'failed' : 'pending'}${follows ? ' follows' : ''}`;
  write(row.querySelector('.content'), draft.content);
  paintFoot(row, draft.at);
  write(row.querySelector('.mark'), draft.problem ? '!' : '…');
  let again = row.querySelector('.again');
  if (!draft.problem) return again?.remove();
  again ??= row.appendChild(element('button', 'again'));
  again.type = 'button';
  again.dataset.draft = draft.key;
  write(again, `${draft.problem} Tocá para mandarlo otra vez.`);
}

function paintFoot(row, moment) {
  const time = row.querySelector('time');
  time.dateTime = moment;
  write(time, clock.format(new Date(moment)));
}

function attachment({ kind, url }) {
  if (kind === 'image') return Object.assign(element('img'), { src: url, alt: 'Foto', loading: 'lazy' });
  const link = element('a', '', 'Video');
  return Object.assign(link, { href: url, target: '_blank', rel: 'noopener' });
}
