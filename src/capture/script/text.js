  // ---- walls and text
  const floating = (element) => {
    for (let one = element; one; one = parentOf(one)) {
      if (getComputedStyle(one).position === 'fixed' || one.getAttribute('aria-modal') === 'true' || (one.localName === 'dialog' && one.open)) return one;
    }
    return null;
  };
  // What lies over the middle of the view and takes a good part of it.
  const overlay = () => {
    let hit = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
    while (hit && hit.shadowRoot && hit.shadowRoot.elementFromPoint(innerWidth / 2, innerHeight / 2)) {
      const next = hit.shadowRoot.elementFromPoint(innerWidth / 2, innerHeight / 2);
      if (next === hit) break;
      hit = next;
    }
    const over = hit && floating(hit);
    if (!over || inside(over, POST).length > 0) return null;
    const { width, height } = box(over);
    return width * height > innerWidth * innerHeight * 0.15 ? over : null;
  };
  const wall = () => {
    roots(true);
    const text = squash(document.body ? textOf(document.body) : '');
    const field = all('input[type="password"],input[autocomplete="current-password"]').find(visible);
    const over = overlay();
    const asks = over && (buttons(over).some((one) => words.login_buttons.includes(labels(one))) || words.login.some((word) => squash(textOf(over)).includes(word)));
    const says = (list) => list.some((word) => text.includes(word));
    return {
      password: Boolean(field), overlay: Boolean((field && floating(field)) || asks), phrase: says(words.login),
      gate: says(words.gate) || location.hostname.startsWith('consent.'), gone: says(words.gone),
    };
  };
  const describe = () => ({
    title: cut(clean(document.title)), language: cut(document.documentElement.lang || '', 35) || null, address: location.href,
  });
  // Text of the page; then of posts that the page has dropped again and that could not be put back.
  const pageText = () => {
    roots(true);
    const gone = items.filter(isGone).map((item) => item.seen.text);
    return [document.body ? textOf(document.body) : '', ...gone].filter(Boolean).join('\n\n');
  };
  // Shadow trees as declarative ones (HTML, "template shadowrootmode"), so that the file shows what was seen.
  const html = () => {
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
    const page = document.documentElement;
    const trees = roots(true).filter((one) => one.host);
    const attributes = [...page.attributes].map((one) => ` ${one.name}="${one.value.replace(/&/g, '&amp;').replace(/"/g, '&quot;')}"`).join('');
    const whole = trees.length ? `<html${attributes}>${page.getHTML({ shadowRoots: trees })}</html>` : page.outerHTML;
    return `${type}\n${whole}\n`;
  };
  const stash = { text: '' };
  const keep = (which) => {
    stash.text = which === 'html' ? html() : pageText();
    return stash.text.length;
  };
  const piece = (from, length) => stash.text.slice(from, from + length);
  // Frames whose text this script cannot read: shown, of some size, and of another origin.
  const strangers = () => all('iframe,frame').filter((one) => !documentOf(one) && visible(one) && box(one).width * box(one).height > 5000)
    .map((one) => cut(one.src, 2000));
  // Characters of the page's text that no font on this machine has: they look like one that nobody has.
  const unprintable = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 24, height: 24 });
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const look = (text) => {
      pen.clearRect(0, 0, 24, 24);
      pen.font = '16px sans-serif';
      pen.fillText(text, 2, 18);
      return `${pen.measureText(text).width}:${pen.getImageData(0, 0, 24, 24).data.join()}`;
    };
    const none = new Set(['\u{10ffff}', '\u{e0fff}', '\uffff'].map(look));
    const characters = new Set((document.body ? textOf(document.body) : '').slice(0, 2000000));
    const asked = [...characters].filter((one) => /[\p{L}\p{N}\p{S}\p{P}]/u.test(one)).slice(0, 5000);
    return asked.filter((one) => none.has(look(one))).map((one) => `U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`).slice(0, 500);
  };

  globalThis.bevara = {
    measure, scrollTo, eager, backgrounds, collect, harvesting, reassemble, inventory, refuse, hideBars, expand, still, release, marks, wall, describe, keep, piece,
    strangers, unprintable,
  };
