//! Pages made from a seed: whatever can be nested, turned, blended, mistyped and misspelt, around posts whose marks must
//! be found again.

use crate::corpus::list::Page;

/// Text in many scripts, of characters that belong together and of such that never should have met.
const WORDS: [&str; 24] = [
    "Räksmörgås",
    "snöröjning",
    "👨‍👩‍👧‍👦",
    "🇸🇪🇫🇮",
    "👩🏾‍🚒",
    "1️⃣",
    "漢字かな交じり",
    "한국어",
    "مرحبا ١٢٣",
    "ברוכים",
    "ยินดีต้อนรับ",
    "नमस्ते क्ष",
    "Ελληνικά",
    "Ж и ѣ",
    "ﬁ ﬃ ½ ℃",
    "e\u{301}\u{323}\u{489}",
    "\u{e001}\u{f8ff}\u{f0010}",
    "\u{378}\u{18b00}\u{2fffe}",
    "\u{202e}bakfram\u{202c}",
    "\u{feff}\u{200b}\u{ad}\u{2060}",
    "&#1;&#7;&#133;&#xfffe;",
    "&lt;inget&gt; &amp;amp;",
    "𝔉𝔯𝔞𝔨𝔱𝔲𝔯 𝟙𝟚",
    "Ｆｕｌｌ ﾊﾝ",
];

const STYLES: [&str; 40] = [
    "transform:rotate(13deg) skewX(20deg)",
    "transform:scale(-1,1)",
    "transform:perspective(200px) rotateY(50deg)",
    "transform:matrix(1e-7,1,1,1e-7,1,1)",
    "filter:blur(2px) sepia(1)",
    "filter:drop-shadow(3px 3px 2px red)",
    "backdrop-filter:invert(1)",
    "opacity:.3",
    "mix-blend-mode:difference",
    "mix-blend-mode:luminosity;background:#8af",
    "isolation:isolate",
    "clip-path:circle(40%)",
    "mask-image:linear-gradient(#000,#0000)",
    "columns:3;column-rule:2px dashed",
    "display:grid;grid-template-columns:1fr 2fr",
    "display:flex;flex-direction:column-reverse",
    "float:right;shape-outside:circle()",
    "position:relative;top:1e3px",
    "position:sticky;top:0",
    "overflow:hidden;max-height:30px",
    "overflow:scroll;height:60px",
    "writing-mode:vertical-rl;height:9em",
    "direction:rtl;unicode-bidi:bidi-override",
    "font:italic 900 30px/1 serif",
    "font:7px monospace;letter-spacing:9px",
    "font-variant:small-caps;text-transform:uppercase",
    "font-feature-settings:'smcp','frac'",
    "font-family:V;font-weight:550",
    "font-family:I",
    "font-family:C",
    "font-family:W",
    "text-shadow:0 0 5px red,2px 2px blue",
    "-webkit-text-stroke:1px green;color:transparent",
    "background:conic-gradient(red,lime,blue);background-clip:text;color:transparent",
    "background:repeating-radial-gradient(#fa0 0 6px,#06c 6px 12px)",
    "box-shadow:inset 0 0 40px #0008,9px 9px 30px #f00",
    "border:9px ridge;border-radius:50% 3px",
    "border-image:linear-gradient(red,blue) 30;border-width:9px;border-style:solid",
    "width:3e4px;height:3px;background:red",
    "break-before:page;page:other",
];

const TAGS: [&str; 16] = [
    "div",
    "p",
    "span",
    "section",
    "aside",
    "em",
    "strong",
    "h1",
    "h6",
    "blockquote",
    "ul",
    "li",
    "figure",
    "details open",
    "code",
    "bdo dir=rtl",
];

const LEAVES: [&str; 22] = [
    "<img src=/corpus/files/alpha.png alt=bild width=90>",
    "<img src=/corpus/files/cmyk.jpg alt='' width=40>",
    "<img src=/corpus/files/animated.gif>",
    "<img src=/corpus/files/sixteen-bit.png alt=x>",
    "<svg width=90 height=60><defs><linearGradient id=g><stop stop-color=red /><stop offset=1 stop-color=blue stop-opacity=.2 /></linearGradient></defs><rect width=80 height=50 fill=url(#g) transform=rotate(9) /><text y=40 font-size=20>Svgtext</text></svg>",
    "<svg width=50 height=50 viewBox='0 0 1e9 1e9'><path d='M0 0L1e38 1e38L-1e38 1e-45Z' stroke=red stroke-width=1e30 /></svg>",
    "<svg width=60 height=40><filter id=f><feTurbulence baseFrequency=.1 /></filter><rect width=60 height=40 filter=url(#f) /></svg>",
    "<table border=1><caption>T</caption><tr><th>a<td rowspan=2 colspan=0>b<tr><td>c<td><table><tr><td>d</table></table>",
    "<input value=fält><input type=checkbox checked><select><option>val<option>annat</select><textarea>yta</textarea>",
    "<progress value=.3></progress><meter value=.9></meter><input type=range><input type=color>",
    "<video controls poster=/corpus/files/plain.jpg width=80 height=50></video>",
    "<math><mfrac><mi>x</mi><msqrt><mn>2</mn></msqrt></mfrac></math>",
    "<ruby>漢<rt>かん</ruby>",
    "<a href='javascript:void 0'>skript</a> <a href='https://example.se/å ä?ö#x'>länk</a> <a href='http://['>trasig</a>",
    "<a href='#nowhere' title='titel'>mål</a><i id='nowhere å'></i>",
    "<iframe srcdoc='<p>I ram</p>' width=90 height=40></iframe>",
    "<hr><br><wbr><ol type=i start=-3><li>a<li value=99999>b</ol>",
    "<canvas width=50 height=30></canvas>",
    "<dialog open>ruta</dialog>",
    "<p lang='xx-!!'>språk</p><p lang=sv_SE>språk</p>",
    "<object data=/corpus/files/plain.gif></object>",
    "<div role=heading aria-level=12 aria-label='\u{202e}x'>roll</div>",
];

/// Beginnings of what cuts, doubles, shrinks or moves text out of sight, or turns it round: not in a calm page, which has to
/// be complete.
const ROUGH: [&str; 17] = [
    "transform:matrix",
    "transform:perspective",
    "clip-path",
    "mask-image",
    "overflow",
    "position:relative",
    "writing-mode",
    "direction",
    "width:3e4px",
    "float",
    "bdo",
    "\u{378}",
    "\u{202e}",
    "&#1;",
    "<svg width=50",
    "<div role=heading",
    "<iframe",
];

const SCRIPTS: [&str; 6] = [
    "for (const c of document.querySelectorAll('canvas')) { const x = c.getContext('2d'); x.fillStyle = '#0a6'; x.fillRect(0, 0, 40, 20); }",
    "setTimeout(() => document.body.append(Object.assign(document.createElement('p'), { textContent: 'Efteråt' })), 300);",
    "document.body.attachInternals;document.querySelector('section')?.attachShadow({ mode: 'open' }).append('skugga');",
    "setInterval(() => { document.title = String(Math.random()); }, 50);",
    "document.querySelectorAll('p').forEach((p) => p.animate([{ opacity: 0.2 }, { opacity: 1 }], { duration: 9e5, iterations: Infinity }));",
    "throw new Error('trasigt skript');",
];

/// Xorshift: the same seed gives the same page.
struct Dice {
    state: u64,
    is_calm: bool,
}

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 11).unwrap() % count
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        let is_rough = |one: &str| ROUGH.iter().any(|rough| one.starts_with(rough));
        loop {
            let one = from[self.below(from.len())];
            if !self.is_calm || !is_rough(one) {
                return one;
            }
        }
    }
}

/// What the marks of a page's posts say.
fn mark(seed: u64, post: usize) -> String {
    format!("Märke {seed} nummer {post} slut.")
}

/// Whether the page of a seed is calm.
pub(crate) fn is_calm(seed: u64) -> bool {
    seed % 3 == 2
}

/// Bytes of the HTML of a small page: a greater one may take the browser longer to print than a print is waited for.
pub(crate) const SMALL: usize = 40_000;

/// A page and what it must come to: its posts, if anything. A small calm page is complete.
pub(crate) fn page(seed: u64) -> (Page, String) {
    let mut dice = Dice {
        state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        is_calm: is_calm(seed),
    };
    let posts = 2 + dice.below(6);
    let mut html = String::from(
        "<style>@font-face{font-family:V;src:url(/corpus/files/variable.woff2);font-weight:400 700}@font-face{font-family:I;src:url(/corpus/files/icons.woff2)}@font-face{font-family:C;src:url(/corpus/files/colour-1.woff2)}@font-face{font-family:W;src:url(/corpus/files/wrong-advances.woff2)}body{width:900px}article{display:flow-root;overflow:clip}</style>",
    );
    for post in 1..=posts {
        html.extend([format!("<article><p>{}</p>", mark(seed, post))]);
        for _ in 0..=dice.below(4) {
            nest(&mut dice, &mut html, 0);
        }
        html.push_str("</article>\n");
    }
    for _ in 0..dice.below(3) {
        html.extend([format!("<script>{}</script>", dice.pick(&SCRIPTS))]);
    }
    let head = [
        "<!DOCTYPE html><html lang=sv><meta charset=utf-8><title>Slump</title>",
        "<meta charset=utf-8>",
        "<!DOCTYPE html><html lang='i-x!!' dir=rtl><meta charset=utf-8><title>\u{202e}Slump 🎲</title>",
    ];
    let html = format!("{}{html}", dice.pick(&head));
    let is_complete = is_calm(seed) && html.len() <= SMALL;
    let page = Page {
        id: format!("slump-{seed}"),
        address: format!("/slump/{seed}.html"),
        text: (1..=posts).map(|post| mark(seed, post)).collect(),
        posts: u64::try_from(posts).ok(),
        verdict: if is_complete { "complete" } else { "" }.to_owned(),
        ..Page::default()
    };
    (page, html)
}

fn nest(dice: &mut Dice, html: &mut String, depth: usize) {
    if depth > 7 || dice.below(4) == 0 {
        match dice.below(3) {
            0 => html.push_str(dice.pick(&LEAVES)),
            _ => {
                for _ in 0..=dice.below(8) {
                    html.push_str(dice.pick(&WORDS));
                    html.push(' ');
                }
            }
        }
        return;
    }
    let tag = dice.pick(&TAGS);
    let name = tag.split(' ').next().unwrap_or(tag);
    html.extend([format!("<{tag} style=\"")]);
    for _ in 0..dice.below(3) {
        html.extend([dice.pick(&STYLES), ";"]);
    }
    html.push_str("\">");
    for _ in 0..=dice.below(3) {
        nest(dice, html, depth + 1);
    }
    // Some are never closed.
    if dice.below(9) > 0 {
        html.extend([format!("</{name}>")]);
    }
}
