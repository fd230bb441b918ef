//! Month names that do not begin an English one: German, French, Spanish, Italian, Portuguese, Dutch, Polish, Czech, Russian,
//! Ukrainian, Bulgarian, Greek, Hungarian, Romanian, Turkish, the Nordic languages, Indonesian, Catalan; full, inflected
//! and abbreviated, in lower case.

/// January to December, names separated by single spaces.
pub(super) const MONTHS: [&str; 12] = [
    "januar jänner jän janvier janv enero ene gennaio gen janeiro januari stycznia styczeń sty ledna leden января \
     январь янв січня січ ιανουαρίου ιανουάριος ιαν január ianuarie ian ocak oca tammikuuta tammi януари gener",
    "februar feber février fevrier févr fevr fév febrero febbraio fevereiro fev februari lutego luty lut února únor \
     февраля февраль февр фев лютого лют φεβρουαρίου φεβρουάριος φεβ φεβρ február februarie şubat şub helmikuuta \
     helmi februaari февруари febrer",
    "märz maerz mär mrz mars marzo março marco maart mrt marca marzec března březen марта март мар березня бер \
     μαρτίου μάρτιος μάρ μαρ március márc martie mart marts maaliskuuta maalis maret març",
    "avril avr abril abr aprile aprilie kwietnia kwiecień kwi dubna duben апреля апрель апр квітня квіт απριλίου \
     απρίλιος απρ április ápr nisan nis huhtikuuta huhti април",
    "mai mayo maggio mag maio mei maja maj května květen мая май травня трав μαΐου μαίου μάιος μάι μαι μαϊ május \
     máj mayıs toukokuuta touko maig",
    "juni juin junio giugno giu junho czerwca czerwiec cze června červen июня июнь июн червня черв ιουνίου ιούνιος \
     ιούν ιουν június jún iunie iun haziran haz kesäkuuta kesä юни juny",
    "juli juillet juil julio luglio lug julho lipca lipiec lip července červenec июля июль июл липня лип ιουλίου \
     ιούλιος ιούλ ιουλ július júl iulie iul temmuz tem heinäkuuta heinä юли juliol",
    "août aout agosto ago augustus sierpnia sierpień sie srpna srpen августа август авг серпня серп αυγούστου \
     αύγουστος αύγ αυγ augusztus ağustos ağu elokuuta elo agustus agu agost",
    "septembre septiembre setiembre settembre set setembro września wrzesień wrz září сентября сентябрь сент сен \
     вересня вер σεπτεμβρίου σεπτέμβριος σεπ σεπτ szeptember szept septembrie eylül eyl syyskuuta syys септември \
     setembre",
    "oktober okt octobre octubre ottobre ott outubro out października październik paź října říjen октября октябрь \
     окт жовтня жовт οκτωβρίου οκτώβριος οκτ október octombrie ekim eki lokakuuta loka октомври",
    "novembre noviembre novembro listopada listopad lis ноября ноябрь нояб ноя листопада лист νοεμβρίου νοέμβριος \
     νοέ νοε noiembrie noi kasım kas marraskuuta marras ноември nopember",
    "dezember dez décembre decembre déc diciembre dic dicembre dezembro grudnia grudzień gru prosince prosinec \
     декабря декабрь дек грудня груд δεκεμβρίου δεκέμβριος δεκ decembrie aralık ara joulukuuta joulu desember des \
     декември desembre",
];
