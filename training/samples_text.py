"""The words of data/samples: origins of its photos, its documents and the labelled questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Photo:
    """A free photo: file in scikit-image, name here, what it shows, where it comes from."""

    source: str
    file: str
    en: str
    zh: str
    origin: str


@dataclass(frozen=True, slots=True)
class Document:
    """A text of paragraphs, parted by empty lines; its single line ends mean nothing."""

    file: str
    lang: str
    title: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs, each on one line; Chinese lines join without a space."""
        joint = "" if self.lang == "zh" else " "
        return [joint.join(part.split("\n")) for part in self.text.strip().split("\n\n")]


PHOTOS = (
    Photo("chelsea.png", "photo1.jpg", "a cat", "猫", "Stefan van der Walt, CC0"),
    Photo("coffee.png", "photo2.jpg", "a cup of coffee", "一杯咖啡", "Rachel Michetti, CC0"),
    Photo("rocket.jpg", "photo3.jpg", "a rocket on its launch pad", "发射台上的火箭", "SpaceX, public domain"),
    Photo(
        "astronaut.png",
        "photo4.jpg",
        "a smiling woman in a space suit",
        "穿宇航服微笑的女人",
        "NASA (Eileen Collins), public domain",
    ),
    Photo("hubble_deep_field.jpg", "photo5.jpg", "galaxies in space", "太空中的星系", "NASA, public domain"),
    Photo("camera.png", "photo6.jpg", "a man with a camera on a tripod", "拿着相机的男人", "Lav Varshney, CC0"),
)

DOCUMENTS = (
    Document(
        "lighthouse.txt", "en", "The keeper's notebook",
        """
The lamp on the
northern cliff was lit for the first time in the autumn of 1871. Every evening old Marten climbed the one
hundred and twelve steps with a can of oil, trimmed the wick and wound the clockwork that turned the lens.

When the fog came in he rang the bell by hand, four strokes every minute, sometimes for two days without sleep.
No ship was lost on the reef while he kept the light.

Since the lamp was given an electric motor nobody lives in the tower. Gulls nest on the gallery, and the
notebook lies in the village museum.
""",
    ),
    Document(
        "rye-bread.md", "en", "Rye bread with sourdough",
        """
Mix 300 g of rye flour with 300 ml of warm water and three spoonfuls of sourdough starter. Cover the bowl and
leave it in a warm place overnight until it bubbles.

In the morning add 400 g of wheat flour, two teaspoons of salt and a little caraway. Knead the dough for ten
minutes, shape a loaf and let it rise for two hours.

Bake at 240 degrees for a quarter of an hour with a cup of water in the oven, then at 190 degrees for forty
minutes. The crust should sound hollow when you knock on it.
""",
    ),
    Document(
        "flat-tyre.html", "en", "Mending a flat bicycle tyre",
        """
Turn the bicycle upside down, open the quick release and take the wheel out. Press the tyre together all round,
then lift one side over the rim with two plastic levers.

Pull out the inner tube, pump it up and hold it close to your ear or under water: bubbles show the hole. Dry the
spot, roughen it with sandpaper, spread the rubber glue thinly and wait five minutes before you press the patch
on.

Feel along the inside of the tyre for the thorn or the piece of glass before you put everything back.
""",
    ),
    Document(
        "museum.docx", "en", "Sunday at the museum of flight",
        """
We went through the big hall first. The machine in this drawing hangs from the ceiling right behind the
entrance; children may sit in the cockpit of the second one.

Upstairs there are balloons, paper kites from three continents, and a letter that was carried over the Alps by a
mail pilot in 1913. The café sells good plum cake.
""",
    ),
    Document(
        "weather.pdf", "en", "Weather diary, second week of April",
        """
Monday and Tuesday were bright and cold with frost on the cherry blossom. The barometer fell from 1024 to 998
hectopascals within a day, and the swallows flew low over the pond.

On Thursday eleven millimetres fell in two hours. The gutter over the shed door overflowed again, so the wood
pile must be covered before the next storm.
""",
    ),
    Document(
        "泡茶.txt", "zh", "怎样泡一壶好绿茶",
        """
绿茶不能用刚烧开的水来泡。水烧开以后放两三分钟,等温度降到八十度左右再倒进茶壶,这样茶汤才不会发苦。

每人大约放三克茶叶,第一泡只要一分钟。同一壶茶叶可以泡三次,后面每次多等半分钟。

喝剩的茶叶晒干以后可以放进冰箱里去除异味,也可以用来给花施肥。
""",
    ),
    Document(
        "中秋.md", "zh", "中秋节的来历",
        """
农历八月十五是中秋节。这一天晚上的月亮又大又圆,一家人坐在院子里吃月饼、赏月,在外地工作的人也会赶回
家团圆。

传说后羿射下了九个太阳,他的妻子嫦娥吃了仙药,飞到了月亮上,只有一只玉兔陪着她。

南方有些地方在这一天还要点灯笼、猜灯谜,孩子们提着兔子灯在街上走。
""",
    ),
    Document(
        "帆船.docx", "zh", "暑假航海日记",
        """
七月的第一个星期,爸爸带我去了青岛。教练先教我们怎样打绳结,怎样看风向,然后才让我们下水。

第三天风很大,我第一次自己掌舵。回到码头的时候衣服全湿了,可是我一点也不觉得冷,因为我终于学会了转向
。
""",
    ),
)  # fmt: skip


def _ask(
    direction: str, *expected: str, text: str = "", file: str = "", lang: str = "", **more: bool
) -> dict[str, Any]:
    question = {"text": text, "lang": lang or ("en" if text else "")} if text else {"file": f"samples/questions/{file}"}
    asked, medium = direction.split(" - ")
    return {"question": asked, "in": medium, **question, "expected": list(expected), **more}


QUERIES: tuple[dict[str, Any], ...] = (
    _ask("text - image", "images/photo1.jpg", text="a cat", demo=True),
    _ask("text - image", "images/d1.jpg", text="海上的帆船", lang="zh", demo=True),
    _ask("text - image", "images/s3.png", text="四个黄色的五角星", lang="zh"),
    _ask("text - image", "images/s1.png", text="three red circles", demo=True),
    _ask("text - image", "images/photo2.jpg", text="一杯咖啡", lang="zh"),
    _ask("text - video", "video/v1.mp4", text="a sailing boat on the sea at sunset"),
    _ask("text - video", "video/v5.mkv", text="熊猫吃什么", lang="zh", demo=True),
    _ask("text - video", "video/v4.mp4", text="how to drink green tea"),
    _ask("text - video", "video/v2.webm", text="a helicopter"),
    _ask("text - audio", "audio/a3.wav", text="a ticking clock", demo=True),
    _ask("text - audio", "audio/a1.ogg", text="雨声", lang="zh"),
    _ask("text - audio", "audio/memo2.mp3", text="looking after vegetables in the garden", speech=True, demo=True),
    _ask("text - audio", "audio/memo3.flac", text="去山里的火车几点开", lang="zh", speech=True),
    _ask("text - document", "documents/flat-tyre.html", text="my bike has a puncture", demo=True),
    _ask(
        "text - document", "documents/中秋.md", text="why do people eat cakes and look at the moon in autumn", demo=True
    ),
    _ask("text - document", "documents/rye-bread.md", text="怎么烤面包", lang="zh"),
    _ask("text - document", "documents/lighthouse.txt", text="lighthouse keeper"),
    _ask("image - image", "images/p02.png", file="clock.png", demo=True),
    _ask("image - image", "images/p05.png", file="elephant.png"),
    _ask("image - image", "images/d1.jpg", file="sailing.jpg"),
    _ask("image - video", "video/v1.mp4", file="sailing.jpg"),
    _ask("image - video", "video/v2.webm", file="helicopter.png"),
    _ask("image - audio", "audio/a4.ogg", file="helicopter.png", demo=True),
    _ask("image - audio", "audio/a3.wav", file="clock.png"),
    _ask("image - document", "documents/museum.docx", file="helicopter.png"),
    _ask("image - document", "documents/帆船.docx", file="sailing.jpg", demo=True),
    _ask("audio - image", "images/p01.png", file="helicopter.ogg", demo=True),
    _ask("audio - image", "images/p02.png", file="ticking.wav"),
    _ask("audio - video", "video/v1.mp4", file="sea.ogg", demo=True),
    _ask("audio - video", "video/v2.webm", file="helicopter.ogg"),
    _ask("audio - audio", "audio/a3.wav", file="ticking.wav"),
    _ask("audio - audio", "audio/a2.mp3", file="sea.ogg"),
    _ask("audio - document", "documents/museum.docx", file="helicopter.ogg"),
    _ask("audio - document", "documents/flat-tyre.html", file="spoken.wav", speech=True),
    _ask("video - image", "images/d1.jpg", file="sailing.mp4"),
    _ask("video - image", "images/p01.png", file="helicopter.mp4"),
    _ask("video - video", "video/v1.mp4", file="sailing.mp4", demo=True),
    _ask("video - audio", "audio/a2.mp3", file="sailing.mp4"),
    _ask("video - audio", "audio/a4.ogg", file="helicopter.mp4", demo=True),
    _ask("video - document", "documents/帆船.docx", file="sailing.mp4"),
    _ask("video - document", "documents/museum.docx", file="helicopter.mp4"),
    _ask("document - image", "images/d1.jpg", file="sailing.txt", demo=True),
    _ask("document - image", "images/p01.png", file="helicopter.md"),
    _ask("document - video", "video/v1.mp4", file="sailing.txt"),
    _ask("document - video", "video/v2.webm", file="helicopter.md"),
    _ask("document - audio", "audio/a4.ogg", file="helicopter.md"),
    _ask("document - document", "documents/flat-tyre.html", file="tyre.txt", demo=True),
)
