  // ---- what a page takes away again while it is scrolled: a list that drops what is scrolled past tells so itself
  const LEAST = { line: 12, places: 5, items: 3, share: 0.2 };
  // Of each line and picture the place that it was in: what ticks in one place is no list.
  const dropped = { lines: new Map(), pictures: new Map(), lists: new Map() };
  const feeds = new Set();
  const lose = (text, place) => {
    const line = squash(text);
    if (line.length >= LEAST.line && dropped.lines.size < 50000) dropped.lines.set(line, place);
    return line.length > 0;
  };
  const textsOf = (node) => {
    const found = [];
    const walk = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
      (one) => (/^(script|style|noscript|template)$/.test(one.localName || '') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
    for (let one = walk.currentNode; one; one = walk.nextNode()) if (one.nodeType === 3) found.push(one.data);
    return found;
  };
  const picturesOf = (node) => [...(node.localName === 'img' ? [node] : []), ...node.querySelectorAll('img')].map((image) => image.currentSrc || image.src)
    .filter((source) => /^https?:/.test(source));
  const note = (records) => {
    for (const { type, target, removedNodes, oldValue } of records) {
      if (type === 'characterData' && oldValue !== target.data) lose(oldValue, target.parentNode);
      for (const node of removedNodes) {
        if (node.nodeType === 3) lose(node.data, target);
        if (node.nodeType !== 1 || /^(script|style|noscript|template)$/.test(node.localName) || node.isConnected) continue;
        const place = target.children && target.children.length > 1 ? node : target;
        const texts = textsOf(node).map((text) => lose(text, place));
        const pictures = picturesOf(node);
        for (const source of pictures) if (dropped.pictures.size < 50000) dropped.pictures.set(source, place);
        if (!pictures.length && !texts.includes(true)) continue;
        const list = dropped.lists.get(target) || { count: 0, names: new Set() };
        list.count += 1;
        dropped.lists.set(target, { ...list, names: list.names.add(node.localName) });
      }
    }
  };
  const observer = new MutationObserver(note);
  // Begins to look; trees that come later are looked at from the next call on.
  const watch = () => {
    for (const one of roots(true)) observer.observe(one, { childList: true, characterData: true, characterDataOldValue: true, subtree: true });
    return true;
  };
  const isLost = () => {
    note(observer.takeRecords());
    if (dropped.lines.size + dropped.pictures.size < LEAST.places) return false;
    roots(true);
    const whole = document.body ? squash(textOf(document.body)) : '';
    const pictures = new Set(all('img').flatMap((image) => [image.currentSrc, image.src]));
    const lost = [...dropped.pictures].filter(([source]) => !pictures.has(source)).map(([, place]) => place);
    for (const [index, [line, place]] of [...dropped.lines].entries()) if (index > 5000 || !whole.includes(line)) lost.push(place);
    const kept = pictures.size + textsOf(document.body || document).filter((text) => squash(text).length >= LEAST.line).length;
    return new Set(lost).size >= LEAST.places && lost.length > kept * LEAST.share;
  };
  // Lists without the marks of posts that have dropped much: what they hold are posts from now on.
  const findFeeds = () => {
    if (!isLost()) return false;
    for (const [list, { count }] of dropped.lists) {
      if (count >= LEAST.items && list.isConnected && list.nodeType === 1 && !list.closest(POST) && !list.querySelector(POST)) feeds.add(list);
    }
    return feeds.size > 0;
  };
  const markFeeds = () => {
    for (const list of feeds) {
      const { names } = dropped.lists.get(list);
      for (const child of list.children) {
        if (names.has(child.localName) && !child.hasAttribute('data-bevara') && (textOf(child) || child.querySelector('img'))) child.setAttribute('data-bevara', 'post');
      }
    }
  };
