/** What a word says of the number or name near it, as bits. */
export const context = {
  NIR: 1,
  COMPANY: 1 << 1,
  BANK: 1 << 2,
  PHONE: 1 << 3,
  PLATE: 1 << 4,
  PASSPORT: 1 << 5,
  ID_CARD: 1 << 6,
  LICENCE: 1 << 7,
  TAX: 1 << 8,
  RPPS: 1 << 9,
  FINESS: 1 << 10,
  INE: 1 << 11,
  CARD: 1 << 12,
  BIRTH: 1 << 13,
  NETWORK: 1 << 14,
  /** Orders, parcels, products: numbers of things. */
  THING: 1 << 15,
  SECRET: 1 << 16,
  /** Money, lengths, weights: amounts, when they follow. */
  AMOUNT: 1 << 17,
  VERSION: 1 << 18,
  PLACE: 1 << 19,
  FOREIGN: 1 << 20,
} as const;

const words: Readonly<Record<keyof typeof context, string>> = {
  NIR: 'nir securite secu sociale ssn nss vitale insee immatricule assure assuree ameli cpam assurance',
  COMPANY:
    'siren siret rcs kbis sirene entreprise societe etablissement immatriculee sarl sas sasu eurl sa sci company registration registre infogreffe etablissements',
  BANK: 'rib iban compte bancaire bancaires virement virements banque bic swift guichet domiciliation coordonnees account bank prelevement transfer',
  PHONE:
    'tel telephone telephones telephonique portable mobile fixe appeler appelez appelle rappeler rappelez rappelle joindre joignable contacter contactez fax telecopie whatsapp sms ligne standard phone call gsm cell composez appel coordonnees signal telegram joins',
  PLATE:
    'immatriculation immatricule immatriculee immatricules plaque plaques vehicule vehicules voiture voitures moto camion camionnette scooter fourgon utilitaire grise auto automobile peugeot renault citroen clio berline remorque plate gare garee stationne stationnee stationnement carte',
  PASSPORT: 'passeport passeports passport',
  ID_CARD: 'identite cni cnie id identity cnis',
  LICENCE: 'permis conduire conducteur licence driving',
  TAX: 'fiscal fiscale fiscaux impot impots spi contribuable tax imposition tin',
  RPPS: 'rpps adeli medecin praticien prescripteur infirmier infirmiere kine pharmacien docteur ordre professionnel',
  FINESS: 'finess',
  INE: 'ine bea etudiant etudiante eleve inscription nne',
  CARD: 'carte cartes cb bancaire bleue visa mastercard amex paiement debit credit card pan american',
  BIRTH: 'ne nee nes nees naissance ddn born birth naquit dob natif native',
  NETWORK: 'ip adresse ipv4 ipv6 serveur hote host address reseau connexion machine poste dns vpn',
  THING:
    'commande commandes facture factures colis suivi reference references ref article articles produit produits lot lots serie ticket tickets dossier dossiers contrat contrats devis imei ean isbn code codes modele modeles piece pieces bon livraison expedition tracking order invoice sku catalogue stock isin barres serial palette bordereau version inventaire marche immobilisation siecle norme iso page pages article volume abonnement reservation transaction hash commit build event identifiant compteur nomenclature rayon gabarit moteur chassis cartouche capteur licence firmware gtin asin',
  SECRET:
    'secret token apikey password passwd pwd mdp passe cle key motdepasse bearer jeton credentials identifiants passphrase',
  AMOUNT:
    'divise multiplie euro euros eur usd dollars dollar francs km kilometres metres metre kg tonnes tonne kwh mwh litres habitants hectares personnes octets lignes fois exemplaires m2 m3 unites visiteurs voix vues pas pieces electeurs abonnes watts',
  VERSION: 'version versions v release firmware paragraphe section chapitre article maj',
  PLACE:
    'lieu rcs naissance ne nee a de vers depuis sur pres ville commune habite habitant vit mairie vient chez centre departement prefecture gare aeroport tribunal region jusqu dans entre autour nord sud est ouest banlieue demenage reside residant domicilie domiciliee hors par rejoindre quitter visiter',
  FOREIGN: 'ssn nino nhs social national',
};

/** Context bits by plain word. */
export function contextWords(): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const [name, list] of Object.entries(words)) {
    const bit = context[name as keyof typeof context];
    for (const word of list.split(' ')) all.set(word, (all.get(word) ?? 0) | bit);
  }
  return all;
}
