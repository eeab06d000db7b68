import { readFileSync } from 'node:fs';
import type { Dice } from './dice.ts';

const data = new URL('../../../src/personal/detect/data/', import.meta.url);
const list = (file: string): readonly string[] =>
  readFileSync(new URL(`${file}.txt`, data), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) =>
      line
        .slice(line.indexOf(':') + 1)
        .trim()
        .split(/\s+/),
    );
const key = (word: string): string =>
  word
    .normalize('NFKD')
    .replaceAll(/[^a-z]/gi, '')
    .toLowerCase();

const firstNames = list('first-names');
const surnames = list('surnames').filter((name) => name.length > 2);
const listed = new Set([...firstNames, ...surnames, ...list('words')].map(key));
const communes = readFileSync(new URL('communes.txt', data), 'utf8')
  .split('\n')
  .filter((line) => line.endsWith('+'))
  .map((line) => line.slice(0, -1));

/** First names and surnames that no list of ours has: a name that a list holds is easily found. */
const rareFirstNames =
  'Abélie Aénor Albéric Aliénor Aloysia Amandio Anaïck Anthelme Ariste Aslan Athanase Aurélio Auxane Bélinda Bérenger Cassiopée Chrysanthe Clodomir Cybèle Déodat Diodore Domitien Eglantin Eléazar Elzéar Ezra Fiacre Fulbert Galatée Gerlande Gontran Guénaëlle Hermeline Hildegarde Ildefonse Isaline Jolan Kéziah Kilyan Léopaul Lubin Maëlan Mahault Malvyn Mayline Nélia Némo Océan Oanell Orphée Pacôme Quiterie Rodéric Sauveur Seynabou Taïna Tayron Théophane Tiphanie Uranie Vianney Wandrille Xénia Ysée Zéphyrin'
    .split(' ')
    .filter((name) => !listed.has(key(name)));
const rareSurnames =
  'Abgueguen Acquaviva Aldebert Amblard Anquetil Apchain Arzhel Aufrère Aznar Bachelot Badaroux Balestrini Barberousse Bazizi Beaudonnet Bélorgey Berthomieu Bizouard Blampain Boccanfuso Bonvallot Bouchiquet Boulesteix Brajeul Bréhier Bruyneel Cabirol Cadillon Caïazzo Canihac Carbonnel Castelnérac Cauquil Chabaneix Chadebec Chalumeau Champvert Chantegrel Chapotot Chazarain Coatanéa Colombani Coppolani Cornudet Couailhac Courcelaud Crouzatier Czarnecki Dabrigeon Dagnaud Daragnès Debeugny Debrabandère Decourcelle Degryse Delaplagne Delmotel Depecker Desroziers Dhuicque Djordjevic Doutremepuich Drapier Dubrouillet Duverneuil Echallier Escudié Etchecopar Eychenne Faucherre Ferdoille Filleron Fontvieille Fouqueray Frappier Fromageau Gadenne Galliot Garapin Gaudicheau Ghesquière Gourbeyre Grancher Grzesiak Guengant Guyomarch Hadjadj Haeffelin Hallouin Hautbois Heurtebise Hubidos Ichanson Izarn Jacquemard Jaulent Jouglard Jurkiewicz Kerouanton Krzyzaniak Labarussias Labrunie Laguionie Lancereau Lapeyronnie Larquetoux Laubadère Lavédrine Lebailleux Lechevestrier Lecorgne Leffray Lemonchois Lepoutre Lesquibille Loubatières Lusseau Magnaval Malgouyres Marchegay Mauvezin Mazeyrat Meheust Mendiharat Mespoulède Milcent Mondoulet Montalbano Morancé Mouchonnat Nachtergaele Nègrerie Nourrisson Ollagnier Ostermann Oualalou Paganucci Pakiry Palluel Pastureau Pechdimaldjian Peyronnet Piedagnel Plouvier Pommeraud Poulichot Puyoou Quémerais Quertinmont Rabiniaux Rambourg Raveneau Razakamanana Reversat Ribeyrolles Rocamora Rouchouze Saboureux Saintenoy Sansoucy Sautereau Schietecatte Scribot Seynhaeve Sivignon Soubeyrand Szczepaniak Taillefumier Tamisier Teyssandier Thélisson Tourancheau Tripoteau Uhlrich Valadier Vandeputte Vasseneix Verdonck Vignolles Villedary Waeghemacker Wozniaki Yvinec Zagorski Zimmerlin'
    .split(' ')
    .filter((name) => !listed.has(key(name)));
const beginnings =
  'Bal Ber Bour Bri Cam Cha Cor Cour Dar Del Esc Fau Gar Gri Lam Lau Mar Mon Pel Pou Rau Sau Tou Val Ver'.split(' ');
const endings =
  'aguet ardeau audière ellec embert endrin erolles iguière illonne issard oncle ouillon ourtet uzac'.split(' ');

export interface NameStyle {
  /** Shares of names that no list of ours has. */
  readonly rareFirst: number;
  readonly rareSurname: number;
}

export function firstName(dice: Dice, { rareFirst }: NameStyle): string {
  if (dice.chance(rareFirst)) return dice.pick(rareFirstNames);
  return dice.chance(0.08)
    ? `${dice.pick(['Jean', 'Marie', 'Anne', 'Pierre'])}-${dice.pick(['Luc', 'Claude', 'Paule', 'Yves', 'Laure'])}`
    : dice.pick(firstNames);
}

export function surname(dice: Dice, { rareSurname }: NameStyle): string {
  if (dice.chance(rareSurname))
    return dice.chance(0.7) ? dice.pick(rareSurnames) : dice.pick(beginnings) + dice.pick(endings);
  const name = dice.pick(surnames).replaceAll('-', ' ');
  if (dice.chance(0.06)) return `${name}-${dice.pick(surnames)}`;
  return dice.chance(0.04) ? `de ${name}` : name;
}

export const commune = (dice: Dice): string => dice.pick(communes);

const streets = ['rue', 'rue', 'avenue', 'boulevard', 'allée', 'chemin', 'place', 'impasse', 'quai', 'route'];
const streetNames = [
  'de la République',
  'des Lilas',
  'du Général de Gaulle',
  'Victor Hugo',
  'du 8 Mai 1945',
  'de l’Église',
  'Pasteur',
  'des Écoles',
  'Jean Jaurès',
  'du Moulin',
  'de Verdun',
  'Saint-Martin',
  'des Tilleuls',
  'de Bretagne',
];

export function address(dice: Dice): string {
  const street = `${dice.whole(1, 199)}${dice.chance(0.12) ? ' bis' : ''}${dice.chance(0.3) ? ',' : ''} ${dice.pick(streets)} ${dice.pick(streetNames)}`;
  if (dice.chance(0.2)) return street;
  const code = `${String(dice.whole(1, 95)).padStart(2, '0').replace('20', '21')}${dice.pick(['000', '100', '200', '450'])}`;
  return `${street}${dice.pick([', ', ' ', ', '])}${code} ${commune(dice)}`;
}

export function email(dice: Dice, style: NameStyle): string {
  const plain = (name: string): string =>
    name
      .normalize('NFKD')
      .replaceAll(/[^a-z]/gi, '')
      .toLowerCase();
  return `${plain(firstName(dice, style))}${dice.pick(['.', '_', '-', ''])}${plain(surname(dice, style))}${dice.chance(0.3) ? dice.whole(1, 99) : ''}@${dice.pick(['exemple.fr', 'mairie-exemple.fr', 'courriel.example', 'test.example.org'])}`;
}
