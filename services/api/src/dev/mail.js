// The list of mails, and the one that the page's address names. Whatever a mail says is text here; its HTML part is shown
// in a frame that may do nothing.

const $ = (id) => document.getElementById(id);
const EVERY_MS = 2000;
const LINK = /https?:\/\/[^\s<>"]+/g;
const when = new Intl.DateTimeFormat("es-AR", { dateStyle: "medium", timeStyle: "medium" });

let mails = [];
let shown = null;

const chosen = () => mails.find((mail) => mail.id === decodeURIComponent(location.hash.slice(1))) ?? mails[0];

function entry(mail) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const about = document.createElement("small");
  link.href = `#${encodeURIComponent(mail.id)}`;
  link.dataset.id = mail.id;
  link.append(mail.subject);
  about.append(`${mail.to} · ${when.format(new Date(mail.sentAt))}`);
  link.append(about);
  item.append(link);
  return item;
}

function linksOf(mail) {
  return [...new Set(mail.text.match(LINK) ?? [])].map((address) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.append(address);
    item.append(link);
    return item;
  });
}

function show() {
  const mail = chosen();
  $("mail").hidden = !mail;
  for (const link of document.querySelectorAll("#mails a")) {
    if (link.dataset.id === mail?.id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (!mail || mail.id === shown) return;
  shown = mail.id;
  $("subject").textContent = mail.subject;
  $("to").textContent = mail.to;
  $("sent-at").textContent = when.format(new Date(mail.sentAt));
  $("sent-at").dateTime = mail.sentAt;
  $("template").textContent = mail.template ?? "";
  $("text").textContent = mail.text;
  $("links").replaceChildren(...linksOf(mail));
  $("html").src = `/dev/mail/mails/${encodeURIComponent(mail.id)}/html`;
}

async function look() {
  try {
    const answer = await fetch("/dev/mail/mails.json");
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.message);
    $("problem").hidden = true;
    if (said.map((mail) => mail.id).join() !== mails.map((mail) => mail.id).join()) {
      mails = said;
      $("mails").replaceChildren(...mails.map(entry));
    }
    $("nothing").hidden = mails.length > 0;
    show();
  } catch (error) {
    $("problem").textContent = error.message;
    $("problem").hidden = false;
  }
}

addEventListener("hashchange", show);
await look();
setInterval(look, EVERY_MS);
