"""The letters that most of a text consists of, in Chinese, Japanese and Korean.

Standards put the letters of these languages at the same places: a text in one encoding is one of common
letters in another, too. Only in its own are they the frequent ones. The Chinese letters are those of
Tatoeba's sentences, simplified and traditional, and a few that answers consist of.
"""

CHINESE = frozenset(
    "我的了你他不是在一有她這很要們人個到天去上这想嗎们那好能个什子看做會么麼得多下裡來生道可吗以知大都喜"
    "家把会沒事来没就為起作本說说車時常和为打时年意地吃自給里工法出開明用些孩真成點前學日晚信最英小告回今"
    "對哪它歡跟候請過行中被所房語比学早何讓書昨每点相太再正给高车必欢果过該任怎心快間感父住公对如定已走您"
    "話手著非着美球开西需見名花儿老该經友望十認電女次也從問現己语三让完應问力话只士见火间找男物親面等发朋"
    "加方新發同母期认书放少始幫國但现外音受更还之字样聽甚吧機游解像東錢理全分希長照樣雨情待水校经国後還月"
    "否负負坏壞低"
)
JAPANESE = frozenset(map(chr, range(0x3041, 0x30FF)))
KOREAN = frozenset(
    "이다는에을가의하고를은지사한로기도인리자서어시아나수일과정대그해전보부장주들있만안게여라제거구상오마"
    "국성스우원세요모소동공선생무유개조것신비문산미적경습니물위내연중치었단저면발학현간회계용업명방관설결"
    "재교행진본식직데야와으했없같려러알말반음남심람날분입된되까네감살집양강울년월민할때바트드영화복불운천"
    "건체금터호출배법르노든"
)
