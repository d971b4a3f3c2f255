// What pages do beyond what they do without script: the viewer's own time beside UTC, numbers that stay
// current, filters that apply at once, a button that copies, and what takes long within the page that asks for it.
'use strict';
(() => {
  const zone = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const isUTC = new Date().getTimezoneOffset() === 0;

  const localTimes = (root) => {
    if (isUTC) return;
    for (const time of root.querySelectorAll('time[datetime]')) {
      const utc = document.createElement('span');
      utc.className = 'utc';
      utc.textContent = time.textContent;
      time.textContent = zone.format(new Date(time.dateTime)) + ' ';
      time.append(utc);
    }
  };

  const copyButtons = (root) => {
    for (const button of root.querySelectorAll('[data-copy]')) {
      button.hidden = false;
      button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        button.textContent = 'Copied';
      });
    }
  };

  const sendingFilters = (root) => {
    for (const field of root.querySelectorAll('[data-send]')) field.addEventListener('change', () => field.form.submit());
  };

  // A form whose answer takes long is sent at once, and a part of the answer takes the place of its section. What fails leaves the form.
  const inline = (root) => {
    for (const form of root.querySelectorAll('form[data-inline]')) {
      const section = form.closest('section'), button = form.querySelector('button');
      const ask = async () => {
        button.disabled = true;
        section.setAttribute('aria-busy', 'true');
        const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { Accept: 'text/html' }, redirect: 'error' });
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const fresh = answer.ok && page.getElementById(form.dataset.inline);
        if (!fresh) throw new Error('no answer');
        section.replaceWith(fresh);
        localTimes(fresh);
      };
      ask().catch(() => { button.disabled = false; section.removeAttribute('aria-busy'); });
    }
  };

  const enhance = (root) => { localTimes(root); copyButtons(root); sendingFilters(root); inline(root); };
  enhance(document);

  // A page that shows how things stand is loaded again while somebody looks at it and touches nothing in it.
  const every = 15000;
  const reload = async () => {
    const main = document.querySelector('main[data-live]');
    if (!main || document.hidden || main.contains(document.activeElement) && document.activeElement !== main || main.querySelector('details[open]')) return;
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'error' });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.querySelector('main');
    if (!fresh) return;
    main.replaceChildren(...fresh.childNodes);
    enhance(main);
    const made = document.querySelector('.foot time'), next = page.querySelector('.foot time');
    if (made && next) { made.replaceWith(next); localTimes(document.querySelector('.foot')); }
  };
  if (document.querySelector('main[data-live]')) setInterval(() => reload().catch(() => {}), every);
})();
