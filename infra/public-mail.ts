/** Brands that give addresses under many countries' endings: yahoo.co.uk, gmx.de. */
const brands =
  /^(aol|gmx|googlemail|hotmail|live|outlook|rocketmail|yahoo|yandex|ymail)\.[a-z]{2,4}(\.[a-z]{2})?$/;

/** The larger of the others, by country of their users. */
const domains: ReadonlySet<string> = new Set(
  `gmail.com icloud.com me.com mac.com msn.com passport.com
  proton.me protonmail.com protonmail.ch pm.me tuta.com tuta.io tutanota.com tutanota.de tutamail.com
  mail.com email.com usa.com fastmail.com fastmail.fm hushmail.com zoho.com zohomail.com zohomail.eu hey.com duck.com
  web.de freenet.de t-online.de mailbox.org posteo.de posteo.net arcor.de bluewin.ch
  orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr libero.it virgilio.it tiscali.it alice.it tin.it
  telefonica.net terra.es sapo.pt ziggo.nl kpnmail.nl telenet.be skynet.be
  seznam.cz centrum.cz email.cz azet.sk wp.pl o2.pl onet.pl op.pl interia.pl abv.bg ukr.net i.ua meta.ua
  mail.ru inbox.ru list.ru bk.ru rambler.ru ya.ru internet.ru
  comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net
  btinternet.com sky.com virginmedia.com ntlworld.com talktalk.net bigpond.com rogers.com shaw.ca sympatico.ca
  qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn
  naver.com daum.net hanmail.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp rediffmail.com
  uol.com.br bol.com.br terra.com.br ig.com.br
  mailinator.com guerrillamail.com yopmail.com 10minutemail.com temp-mail.org sharklasers.com trashmail.com
  maildrop.cc dispostable.com getnada.com`.split(/\s+/),
);

/**
 * Whether whoever asks is given a mail address of this domain, so that letting in all of it is letting in everyone. Of
 * such domains there is no full list; these are those that a person is likely to write.
 */
export const isPublicMail = (domain: string): boolean => {
  const name = domain.toLowerCase();
  return brands.test(name) || domains.has(name);
};
