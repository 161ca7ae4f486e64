"""Words that tell dates, by what they mean. Lower case; several forms of one word stand side by side, as sentences bend them."""
# ruff: noqa: E501, ISC004  (a table)

from __future__ import annotations

import re
from functools import cache

MONTHS = (
    "january jan januar jänner janvier enero gennaio janeiro januari styczeń styczniu stycznia январь январе января ocak يناير มกราคม",
    "february feb februar février fevrier febrero febbraio fevereiro februari luty lutym lutego февраль феврале февраля şubat فبراير "
    "กุมภาพันธ์",
    "march mar märz maerz mars marzo março maart marzec marcu marca март марте марта mart مارس มีนาคม",
    "april apr avril abril aprile kwiecień kwietniu kwietnia апрель апреле апреля nisan أبريل ابريل เมษายน",
    "may mai mayo maggio maio mei maj maju maja май мае мая mayıs مايو พฤษภาคม",
    "june jun juni juin junio giugno junho czerwiec czerwcu czerwca июнь июне июня haziran يونيو มิถุนายน",
    "july jul juli juillet julio luglio julho lipiec lipcu lipca июль июле июля temmuz يوليو กรกฎาคม",
    "august aug août aout agosto augustus sierpień sierpniu sierpnia август августе августа ağustos أغسطس สิงหาคม",
    "september sep sept septembre septiembre setiembre settembre setembro wrzesień wrześniu września сентябрь сентябре сентября eylül "
    "سبتمبر กันยายน",
    "october oct oktober okt octobre octubre ottobre outubro październik październiku października октябрь октябре октября ekim أكتوبر "
    "ตุลาคม",
    "november nov novembre noviembre novembro listopad listopadzie listopada ноябрь ноябре ноября kasım نوفمبر พฤศจิกายน",
    "december dec dezember dez décembre decembre diciembre dicembre dezembro grudzień grudniu grudnia декабрь декабре декабря aralık "
    "ديسمبر ธันวาคม",
)

SEASONS = {  # by their first month
    3: "spring frühling frühjahr printemps primavera lente wiosna wiosną wiosny весна весной весны ilkbahar الربيع",
    6: "summer sommer sommers été verano estate verão zomer lato latem lata лето летом лета yaz الصيف",
    9: "autumn fall herbst automne otoño autunno outono herfst jesień jesienią jesieni осень осенью осени sonbahar الخريف",
    12: "winter winters hiver invierno inverno zima zimą zimy зима зимой зимы kış الشتاء",
}

ASIAN_SEASONS = {3: "春天|春季|春|봄", 6: "夏天|夏季|夏|여름", 9: "秋天|秋季|秋|가을", 12: "冬天|冬季|冬|겨울"}

# Words before a date that leave its whole time, only what is from then on, only what was before.
WITHIN = (
    "from in of during on at aus vom von im am en de du des del dell dal nel nell d' em do da no van uit op w we z ze в во за из с от на "
    "عام سنة في من ปี taken made"
)
SINCE = "since seit ab depuis desde da dal od sinds vanaf с منذ ตั้งแต่"
AFTER = "after nach après despues después dopo depois po na после بعد หลัง"
UNTIL = "until till bis jusqu'en jusqu'à hasta fino até tot do до حتى"
BEFORE = "before vor avant antes prima przed voor до قبل ก่อน"

YEAR = (
    "the year year jahr jahre l'année année el año año anno nell'anno ano jaar roku rok году год года yılında yılı yıl"
)

DAYS = {  # days before today
    0: "today heute aujourd'hui hoy oggi hoje vandaag dziś dzisiaj сегодня bugün اليوم",
    1: "yesterday gestern ayer ieri ontem gisteren wczoraj вчера dün أمس",
    2: "vorgestern avant-hier anteayer anteontem eergisteren przedwczoraj позавчера",
}

ASIAN_DAYS = {0: "今天|今日|오늘|วันนี้", 1: "昨天|(?<!一)昨日|어제|เมื่อวานนี้|เมื่อวาน", 2: "前天|一昨日|그저께"}

# Units by their words; `last`, `this` and the like stand before or behind them.
UNITS = {
    "day": "day days tag tage tagen jour jours día días giorno giorni dia dias dag dagen dzień dni день дня дней gün",
    "week": "week weeks woche wochen semaine semaines semana semanas settimana settimane weken tydzień tygodniu tygodni неделя неделе "
    "недели недель hafta الأسبوع สัปดาห์ อาทิตย์",
    "weekend": "weekend wochenende week-end",
    "month": "month months monat monate monaten mois mes meses mese mesi mês maand maanden miesiąc miesiącu miesięcy месяц месяце месяца "
    "месяцев ay الشهر เดือน",
    "year": "year years jahr jahre jahren année an ans année año años anno anni ano anos jaar rok roku lat год году года лет yıl sene العام "
    "السنة ปี",
}
LAST_BEFORE = (
    "last past previous letzte letzten letzter letztes letztem vergangene vergangenen vergangener vergangenes vergangenem vorige vorigen "
    "voriger voriges vorigem scorsa scorso afgelopen laatste zeszły zeszłym zeszłego ubiegły ubiegłym ubiegłego прошлой прошлом прошлым "
    "прошлый прошлого прошлая geçen"
)
LAST_BEHIND = (
    "dernier dernière derniers dernières passé passée pasado pasada pasados pasadas último última scorso scorsa passato passata passado "
    "passada الماضي الماضية ที่แล้ว"
)
THIS_BEFORE = "this diese diesen dieser dieses diesem cette ce cet esta este questa questo deze dit этой этом этим bu"

ASIAN = {  # unit and how many of them back
    ("week", 1): "上周|上週|上星期|上个星期|上個星期|上礼拜|上禮拜|先週|지난주|지난 주|สัปดาห์ที่แล้ว|อาทิตย์ที่แล้ว",
    ("month", 1): "上个月|上個月|上月|先月|지난달|지난 달|เดือนที่แล้ว",
    ("year", 1): "去年|昨年|작년|지난해|ปีที่แล้ว",
    ("week", 0): "这周|這週|本周|本週|这个星期|今週|이번 주|이번주",
    ("month", 0): "这个月|這個月|本月|今月|이번 달|이번달",
    ("year", 0): "今年|올해",
    ("year", 2): "前年|재작년",
}

AGO = {  # what stands before and behind a number of units
    "": "ago fa geleden temu назад önce",
    "vor": "",
    "il y a": "",
    "hace": "",
    "há": "",
    "قبل": "",
}
ASIAN_AGO = {
    "day": "天前|日前|일 전",
    "week": "周前|週前|星期前|週間前|주 전",
    "month": "个月前|個月前|か月前|ヶ月前|개월 전|달 전",
    "year": "年前|년 전",
}

NUMBERS = {
    name: number
    for number, names in enumerate(
        (
            "a an one ein eine einem einer un une uno una um uma een",
            "two zwei deux dos due dois duas twee dwa два две",
            "three drei trois tres tre três drie trzy три",
            "four vier quatre cuatro quattro quatro cztery четыре",
            "five fünf cinq cinco cinque vijf pięć пять",
            "six sechs seis sei zes sześć шесть",
        ),
        start=1,
    )
    for name in names.split()
}

MEDIA = {
    "image": "photo photos picture pictures pic pics image images foto fotos bild bilder photographies imagen imágenes immagine immagini "
    "imagem imagens afbeeldingen zdjęcie zdjęcia фото фотографии снимки resimler fotoğraflar صور รูป รูปภาพ 照片 相片 图片 圖片 写真 画像 사진",
    "video": "video videos film films clips movies filme vidéo vidéos vídeo vídeos filmy видео videolar فيديو วิดีโอ 视频 影片 動画 동영상 비디오",
    "audio": "recording recordings sounds aufnahmen enregistrements grabaciones registrazioni gravações opnames nagrania записи 录音 録音 녹음",
    "document": "document documents dokument dokumente documentos documenti documenten dokumenty документы belgeler 文档 文件 文書 문서",
}
MINE = "my all all my our meine alle unsere mes toutes tous mis todas todos le mie i miei minhas meus mijn moje мои все 我的 所有 所有的 私の"


_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_NUMBERED = re.compile(r"(?:19|20)\d\d|\d\s?[^\x00-\u2e7f]")


@cache
def _telling() -> frozenset[str]:
    every = [*DAYS.values(), LAST_BEFORE, LAST_BEHIND, THIS_BEFORE, *AGO, *AGO.values()]
    return frozenset(word for words in every for word in words.split() if len(word) > 1)


@cache
def _asian() -> re.Pattern[str]:
    return re.compile("|".join([*ASIAN.values(), *ASIAN_DAYS.values()]))


def may_tell(text: str) -> bool:
    """Whether a text may tell a date at all; most questions end here."""
    if _NUMBERED.search(text) or not _telling().isdisjoint(_WORD.findall(text.lower())):
        return True
    return not text.isascii() and _asian().search(text) is not None
