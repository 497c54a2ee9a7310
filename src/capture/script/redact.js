
  // ---- what the page shows of the login it was asked for with
  const SHOWN = ['alt', 'title', 'aria-label', 'placeholder', 'value'];
  // Where a link leads stands in the print. Of other elements an address may not be changed: they would load it anew.
  const shownOf = (element) => (/^(a|area)$/.test(element.localName) ? [...SHOWN, 'href', 'xlink:href'] : SHOWN);
  const LINKS = 'a[href],area[href],link[href],img[src],iframe[src],source[src],video[src],form[action],script[src]';
  // Values that go by a token's name: in forms, in meta elements, in the queries of addresses.
  const tokens = (parts) => {
    const named = (text) => parts.some((part) => (text || '').toLowerCase().includes(part));
    const found = new Set();
    for (const element of all('input,meta')) {
      const label = `${element.getAttribute('name') || ''} ${element.id} ${element.getAttribute('property') || ''}`;
      const isPassword = element.localName === 'input' && element.type === 'password';
      const value = element.localName === 'meta' ? element.content : element.value;
      if (value && (isPassword || named(label))) found.add(value);
    }
    for (const element of all(LINKS)) {
      const link = element.getAttribute('href') || element.getAttribute('src') || element.getAttribute('action');
      if (!link || !link.includes('?')) continue;
      let query = null;
      try { query = new URL(link, document.baseURI).searchParams; } catch { continue; }
      for (const [key, value] of query) if (value && named(key)) found.add(value);
    }
    return [...found].filter((value) => value.length <= 4096).slice(0, 2000);
  };
  // What style sheets can write: their texts, and the properties of their own that these may be made of. A sheet of
  // another site's cannot be read.
  const written = (places, style) => {
    for (const name of style) {
      const text = /^(--|content$|quotes$|list-style-type$)/.test(name) ? style.getPropertyValue(name) : '';
      if (text) places.push({ text, put: (clear) => style.setProperty(name, clear, style.getPropertyPriority(name)) });
    }
  };
  const rules = (places, list) => {
    for (const rule of list) {
      if (rule.style) written(places, rule.style);
      if (rule.cssRules) rules(places, rule.cssRules);
      if (rule.styleSheet) sheet(places, rule.styleSheet);
    }
  };
  const sheet = (places, one) => {
    let list = [];
    try { list = one.cssRules; } catch { /* Of another site. */ }
    rules(places, list);
  };
  // Takes `forms` out of everything that pictures and print can show. Returns in how many places one stood.
  const redact = (forms, mark) => {
    const places = [];
    for (const one of roots(true)) {
      const walker = (one.nodeType === 9 ? one : one.ownerDocument).createTreeWalker(one, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentNode && /^(script|style|template)$/.test(node.parentNode.localName)) continue;
        places.push({ text: node.data, put: (text) => { node.data = text; } });
      }
      for (const element of one.querySelectorAll('*')) {
        // A style sheet may write what stands in an attribute.
        const held = element.getAttributeNames().filter((name) => name.startsWith('data-'));
        for (const attribute of [...shownOf(element), ...held]) {
          const text = element.getAttribute(attribute);
          if (text) places.push({ text, put: (clear) => element.setAttribute(attribute, clear) });
        }
        if (element.hasAttribute('style') && element.style) written(places, element.style);
        if (/^(input|textarea)$/.test(element.localName) && element.value) places.push({ text: element.value, put: (clear) => { element.value = clear; } });
      }
      for (const own of [...(one.styleSheets || []), ...(one.adoptedStyleSheets || [])]) sheet(places, own);
    }
    places.push({ text: document.title, put: (clear) => { document.title = clear; } });
    const everything = places.map((place) => place.text).join('\n');
    // The longest first: a short form may be a part of a long one.
    const present = forms.filter((form) => everything.includes(form)).sort((one, other) => other.length - one.length);
    if (!present.length) return 0;
    let count = 0;
    for (const { text, put } of places) {
      const clear = present.reduce((rest, form) => rest.split(form).join(mark), text);
      if (clear === text) continue;
      count += 1;
      try { put(clear); } catch { /* A file input's value cannot be set, and is not shown. */ }
    }
    return count;
  };
  Object.assign(globalThis.bevara, { tokens, redact });
