"""Names of people who do not exist: 640,000 full names, ten thousand surnames.

Each list is one text, its words apart by a blank: PostgreSQL takes it apart.
"""

FIRST_NAMES = (
    "Ada Alfie Amber Anil Anya Arlo Bea Ben Bilal Callum Cara Clara Dev Dina Dora Edie Eli Ella "
    "Esme Ewan Farah Finn Freya Gita Grace Gwen Hamza Hana Hugo Ines Iris Isla Jack Jade Jonas "
    "Kasia Kira Kofi Leo Liam Lila Mabel Maya Milo Mona Nadia Niall Noah Olga Omar Otis Paul "
    "Petra Priya Remy Rosa Ruth Sami Tess Toby Uma Vera Wren Zara"
)
#: A surname is a beginning and an ending: ten thousand of them.
BEGINNINGS = (
    "Ald Ash Bar Beck Ben Birch Black Blen Brad Bram Brath Brim Brock Brook Buck Bur Cald Car "
    "Chal Clif Cole Cop Corn Cran Crook Dal Den Dun East Eb Elm Fair Farn Fen Fern Flax Ford "
    "Fox Gar Gold Gran Green Grim Hal Ham Har Hart Hawk Hazel Heath Hen Hey Hol Horn Hurst Ing "
    "Kel Kings Kirk Lam Lang Lark Lea Ling Lock Long Lyn Mal Mar Mel Mid Mill Moor Nether New "
    "Nor Oak Old Os Pen Pick Pres Quarn Rad Raven Red Rosed Row Rush Sal Sand Shel Skel Stan "
    "Sted Swin Thorn Til Wake Wal"
)
ENDINGS = (
    "acre bank bar bourne bridge brook broom burn bury by cliff combe cote "
    "cott croft cross dale dell den dene don down edge field fleet fold ford forth garth gate "
    "gill glade grave greave grove hall ham hampton hanger haugh hay head heath hey hill holm "
    "holt hope house hurst ing keld land lane law leigh ley lock low lyn man march mead mere mill "
    "mond moor more mouth over park pool ridge rigg ross row royd scale set shaw side slade son "
    "stall stead stoke stone stow thorpe thwaite ton tree wade ward water way well wick wood "
    "worth"
)
