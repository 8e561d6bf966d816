/**
 * How the page looks and the little that it does, as two texts that go into it.
 *
 * Promises: no address and no font from elsewhere; light and dark by what the reader's system prefers, light
 * on paper; a wide table or chart scrolls inside its own frame, so that the page fits a phone. Without the
 * script everything is there and can be opened; with it a cell of the grid opens its details.
 */

const LIGHT = `--ink:#1f2328;--soft:#59636e;--rule:#d1d9e0;--paper:#ffffff;--shade:#f6f8fa;--link:#0757ba;
--valid:#116329;--valid-bg:#dafbe1;--invalid:#a40e26;--invalid-bg:#ffebe9;
--vacuous:#59636e;--vacuous-bg:#eaeef2;--unknown:#7d4e00;--unknown-bg:#fff8c5;`
const DARK = `--ink:#e6edf3;--soft:#a3b0bd;--rule:#3d444d;--paper:#0d1117;--shade:#161b22;--link:#79b8ff;
--valid:#7ee2a0;--valid-bg:#12361f;--invalid:#ffa198;--invalid-bg:#4c1519;
--vacuous:#b7c2cd;--vacuous-bg:#2a313a;--unknown:#f2cc60;--unknown-bg:#3d2f05;`

export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header.top,footer{max-width:60rem;margin:0 auto;padding:0 1rem}
header.top,main>h1{padding-top:1.5rem}
h1{font-size:1.6rem;line-height:1.2;margin:.2rem 0 .4rem}
h2{font-size:1.3rem;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:2px solid var(--rule)}
h3{font-size:1.08rem;margin:2rem 0 .5rem}
h4{font-size:1rem;margin:1.2rem 0 .3rem}
p,ul,dl{margin:.4rem 0}
.soft,figcaption,caption{color:var(--soft);font-size:.9rem}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.4rem .8rem;z-index:2}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.75rem;padding:0;margin:1rem 0;list-style:none}
.tiles li{border:1px solid var(--rule);border-radius:8px;padding:.7rem .9rem;background:var(--shade)}
.tiles b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.tiles small{font-size:.85rem;font-weight:400;white-space:nowrap}
h2 .chip{vertical-align:middle}
.scroll,figure .pic{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.2rem 0}
th,td{border:1px solid var(--rule);padding:.3rem .55rem;vertical-align:top;text-align:left}
thead th{background:var(--shade);white-space:nowrap}
tbody th{font-weight:600;white-space:nowrap}
td.right,th.right{text-align:right;white-space:nowrap}
td.wraps{min-width:12rem}
.grid td{padding:.3rem}
.chip{display:inline-flex;gap:.35em;align-items:baseline;padding:.15rem .55rem;border-radius:1rem;font-weight:600;font-size:.88rem;text-decoration:none;white-space:nowrap;border:1px solid currentColor}
a.chip{min-height:1.75rem;margin:.12rem}a.chip:hover{text-decoration:underline}
.valid{color:var(--valid);background:var(--valid-bg)}.invalid{color:var(--invalid);background:var(--invalid-bg)}
.vacuous{color:var(--vacuous);background:var(--vacuous-bg)}.unknown{color:var(--unknown);background:var(--unknown-bg)}
figure{margin:.8rem 0 0}
figure svg{display:block;width:100%;min-width:38rem;max-width:860px;height:auto}
details{margin:.45rem 0}
summary{cursor:pointer;padding:.25rem .2rem}
details.cell{border:1px solid var(--rule);border-radius:8px;padding:0 .8rem}
details.cell[open]{padding-bottom:.8rem}
details.cell>summary{padding:.5rem 0}
details.cell>summary b{margin:0 .4rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .9rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
li{overflow-wrap:anywhere}
.bar{display:block;height:.7rem;min-width:1px;border-radius:2px}
td.track{width:14rem;min-width:8rem;vertical-align:middle}
.code{display:flex;gap:.5rem;align-items:center;flex-wrap:wrap}.code pre{flex:1 1 20rem;min-width:0}
pre{background:var(--shade);border:1px solid var(--rule);border-radius:6px;padding:.6rem .8rem;overflow-x:auto;font-size:.88rem;margin:.4rem 0}
button{font:inherit;font-size:.85rem;color:var(--ink);background:var(--paper);border:1px solid var(--soft);border-radius:6px;padding:.2rem .7rem;min-height:1.75rem;cursor:pointer}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;padding:0;list-style:none}
footer{padding:2rem 1rem 3rem;color:var(--soft);font-size:.9rem}
@media (max-width:36rem){dl{grid-template-columns:1fr}dd{margin-bottom:.3rem}}
@media print{:root{${LIGHT}color-scheme:light}body{font-size:11px}main,header.top{max-width:none}
nav,button,.skip{display:none!important}.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.tiles small{font-size:.85rem;font-weight:400;white-space:nowrap}
h2 .chip{vertical-align:middle}
.scroll,figure .pic{overflow:visible}figure svg{min-width:0}
figure,tr,li,.code{break-inside:avoid}h2,h3,h4{break-after:avoid}details.cell:not([open]){border:0;padding:0}
.chip,thead th,.bar,svg *{-webkit-print-color-adjust:exact;print-color-adjust:exact}td.wraps{min-width:0}tbody th{white-space:normal}}
`

export const SCRIPT = `
const byHash = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!target || target.tagName !== 'DETAILS') return
  target.open = true
  target.querySelector('summary').focus({ preventScroll: true })
  target.scrollIntoView()
}
addEventListener('hashchange', byHash)
byHash()
for (const button of document.querySelectorAll('button[hidden]')) button.hidden = false
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="#"]')
  if (link && link.hash === location.hash) byHash()
  const button = event.target.closest('button')
  if (button && button.classList.contains('copy')) copy(button)
  if (button && button.dataset.all) {
    for (const cell of button.closest('section').querySelectorAll('details.cell')) cell.open = button.dataset.all === 'open'
  }
})
async function copy(button) {
  const code = button.parentElement.querySelector('code')
  try {
    await navigator.clipboard.writeText(code.textContent)
    button.textContent = 'Copied'
  } catch {
    getSelection().selectAllChildren(code)
    button.textContent = 'Selected'
  }
}
`
