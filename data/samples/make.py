"""Write the sample files of this directory, the same bytes every time.

Run it as ``python data/samples/make.py``. The messages are invented for these files: no person,
company, address or number in them exists. README.md says what each file shows.
"""
# ruff: noqa: E501  (one message a line, however long, is easier to read than broken ones)

from __future__ import annotations

import codecs
import csv
import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent

Cells = Sequence[str]

# fmt: off
MAIL_ORDER: list[Cells] = [
    ("受付番号", "受付日", "受付経路", "お問い合わせ内容", "担当"),
    ("00121", "2024/04/01", "電話", "㈱髙山家具運輸の便で届いた棚ですが、箱①は無事、箱②は角がつぶれ,中の棚板も,側板も,割れていました。交換をお願いします。", "佐々木"),
    ("00122", "2024/04/01", "メール", "注文したのはシングルの布団カバーなのに、ダブルが入っていました。送料はそちら持ちで、正しい品を送り直してください。", "髙橋"),
    ("00123", "2024/04/02", "電話", "ﾃｰﾌﾞﾙの脚が1本だけ短く､ｶﾞﾀｶﾞﾀします｡ﾈｯﾄの写真ではまったく分かりませんでした｡", "佐々木"),
    ("00124", "2024/04/02", "Web", "先月も同じことをお伝えしました。\n・請求書の宛名が旧姓のまま\n・ポイントが二重に引かれている\n直っていないのはどういうことでしょうか。責任者の方から説明をください。", "髙橋"),
    ("00125", "2024/04/03", "電話", "窓の寸法を測らずに買ってしまい、カーテンが10センチ足りません。私の確認不足なのですが、やはり返品は難しいでしょうか…。", "前田"),
    ("00126", "2024/04/03", "Web", "三日前に届くはずの椅子がまだ来ません。問い合わせの電話は何度かけても話し中。いい加減にしてください！！", "前田"),
    ("", "", "", "", ""),
    ("00127", "2024/04/04", "メール", "包装がとてもきれいで、贈った母がたいへん喜んでおりました。ありがとうございました。", "佐々木"),
    ("00128", "2024/04/04", "Web", "組み立て式の本棚は、賃貸の壁にも固定できますか。付属のねじの長さを教えてください。", "前田"),
    ("00124", "2024/04/05", "電話", "00124の件で再度お電話。まだ返事がないとかなりご立腹。折り返し先は090-0000-0000、日中は留守が多いとのこと。", "髙橋"),
    ("00129", "2024/04/05", "Web", "=返信不要= 届くたびに段ボールが大きすぎます。中身は小皿一枚ですよ。資源の無駄ですから、箱の種類を増やしてはどうでしょう。", "前田"),
    ("00130", "2024/04/08", "メール", "色違いを三つ,サイズ違いを二つ,まとめて頼みました。届いたのは四つ,納品書には五つ,請求も五つ。足りない一つは,いつ,どこから届きますか。", "佐々木"),
    ("00131", "2024/04/08", "電話", "写真では落ち着いた紺色、実物は派手な青。返したいと言えば「お客様都合なので送料はご負担を」だそうで、正直がっかりです。もう頼みません。", "前田"),
    ("00132", "2024/04/09", "Web", "座面の布が二週間で毛玉だらけ。一万八千円の椅子とは思えません。", "前田"),
    ("00133", "2024/04/09", "電話", "発送前なら取り消せると書いてあるのに、電話口では「もう無理です」の一点張り。ご自分の会社の規約を読んでから話すべきでしょう。消費生活センターにも相談します。", "髙橋"),
]

INTERNET_LINE: list[Cells] = [
    ("접수번호", "접수일시", "고객문의내용", "처리부서", "상담사"),
    ("000731", "2024-03-04 09:12", "인터넷이 하루에도 몇 번씩 끊겨요ㅠㅠ 기사님이 두 번이나 다녀가셨는데 그대로입니다. 이번에는 제대로 고쳐 주세요.", "품질관리팀", "김나래"),
    ("000732", "2024-03-04 09:40", "상담원 연결까지 47분, 연결되자마자 뚝. 다시 걸었더니 또 처음부터ㅋㅋㅋ 장난하시나요?", "고객센터", "이도윤"),
    ("000733", "2024-03-04 10:05", "해지하겠다고 세 번 말했는데 자꾸 다른 요금제만 권하네요. 위약금 안내도 사람마다 다르고요. 더는 못 참겠으니 정부에 민원 넣겠습니다.", "해지방어팀", "김나래"),
    ("000734", "2024-03-04 11:31", "셋톱박스 리모컨 숫자 3번이 안 눌려요. 새것으로 교환 부탁드립니다.", "기기관리팀", "박서우"),
    ("000735", "2024-03-05 09:02", "약정이 1년인 줄 알았는데 3년이었네요. 계약서를 꼼꼼히 안 읽은 제 탓이지만, 혹시 위약금을 조금이라도 줄일 방법이 있을까요?", "요금팀", "이도윤"),
    ("000736", "2024-03-05 09:48", "이사 날짜가 바뀌어서 내일 설치를 취소하고 싶어요. 제 사정이라 죄송합니다.", "설치팀", "이도윤"),
    ("000737", "2024-03-05 13:20", "설치하러 오신 분이 현관에 신발 자국을 잔뜩 남기고 갔습니다. 벽지도 찢어졌는데 사과 한마디 없더군요.", "설치팀", "박서우"),
    (),
    ("000738", "2024-03-05 15:55", "요금이 두 번 빠져나갔어요. 02-000-0000으로 전화 주시거나 narae@example.com으로 답 주세요.", "요금팀", "김나래"),
    ("000739", "2024-03-06 09:07", "우리 집 고양이 이름이 뷁이인데요, 와이파이 이름도 뷁이로 바꿀 수 있나요?", "고객센터", "박서우"),
    ("000740", "2024-03-06 10:10", "설치 기사님이 연로하신 부모님께 정말 친절하게 설명해 주셨어요. 감사합니다!", "설치팀", "박서우"),
    ("000741", "2024-03-06 10:44", "=ㅅ= 속도가 광고의 십분의 일도 안 나와요. 500메가라더니 재 보면 40메가예요.", "품질관리팀", "이도윤"),
    ("000742", "2024-03-06 17:30", "공유기에서 쓩 소리가 나더니 탄내가 납니다. 애들이 있는 집인데 불이라도 나면 어떡하나요?", "기기관리팀", "김나래"),
    ("000742", "2024-03-06 17:30", "공유기에서 쓩 소리가 나더니 탄내가 납니다. 애들이 있는 집인데 불이라도 나면 어떡하나요?", "기기관리팀", "김나래"),
    ("000743", "2024-03-07 09:26", "다달이 4만 원이나 내는데 채널은 볼 게 없고 돈이 아깝네요. 다음 달에 다른 회사로 옮깁니다.", "해지방어팀", "박서우"),
]

HOTEL: list[Cells] = [
    ("单号", "日期", "门店", "客人反馈", "处理人"),
    ("H0401", "2024-05-01", "滨江店", "前台说没有我的预订，我把确认短信给她看，她连头都不抬。等了五十分钟才拿到房卡。", "周敏"),
    ("H0402", "2024-05-01", "滨江店", "空调一晚上滴水，床单湿了一大片，打电话给客房，说师傅下班了😡", "周敏"),
    ("H0403", "2024-05-02", "海湾店", "订房页面上是海景，拉开窗帘是停车场。麻烦把差价退给我。", "吴磊"),
    ("H0404", "2024-05-02", "海湾店", "退房时说少了一条浴巾，要赔八十。我根本没拿，请查清楚以后给我一个说法。", "吴磊"),
    ("H0405", "2024-05-03", "滨江店", "日期是我自己订错的，也没看清不能取消，不好意思，能不能通融一下改到下周？", "周敏"),
    ("H0406", "2024-05-03", "古城店", "早餐种类多，餐厅阿姨很热情，下次还来。", "孙倩"),
    ("H0407", "2024-05-03", "海湾店", "请问周末泳池几点开放？小孩可以进吗？", "吴磊"),
    ("", "", "", "", ""),
    ("H0408", "2024-05-04", "古城店", "浴室地面太滑，我妈差点摔倒，连块防滑垫都没有。建议每间房都放一块。", "孙倩"),
    ("H0409", "2024-05-04", "滨江店", "隔壁打呼噜听得一清二楚，一晚四百多，不值这个价。", "周敏"),
    ("H0410", "2024-05-05", "滨江店", "第三次反映了：淋浴忽冷忽热。每次都说修好了，每次都没修好。再这样我就发到网上让大家看看。", "周敏"),
    ("H0411", "2024-05-05", "海湾店", "押金说三天退，现在十二天了，客服电话永远占线。我姓李，单名一个㛃，电话000-0000-0000。", "吴磊"),
    ("H0412", "2024-05-05", "古城店", "我住过你们三家店，这次要求免费升级套房，前台居然说要补差价。老客户就该有这个待遇！", "孙倩"),
    ("H0413", "2024-05-06", "古城店", "行李寄存在前台，取的时候少了一个袋子，里面是充电器和药，没人说得清去哪儿了。", "孙倩"),
    ("H0414", "2024-05-06", "滨江店", "意见如下：\n1. 电梯只有一部能用\n2. 垃圾两天没人收\n3. 发票抬头开错\n请尽快处理第3条。", "周敏"),
]

RESTAURANT: list[Cells] = [
    ("案件編號", "填寫日期", "分店", "顧客意見", "聯絡方式"),
    ("0007", "113/06/01", "板橋店", "明明訂了七點的位子,到現場說系統沒資料,一家老小在門口站了四十分鐘,連杯水都沒有。", ""),
    ("0008", "113/06/01", "西門店", "牛肉麵端上來是冷的，請店員加熱，他翻了個白眼說「大家都這樣吃」。", ""),
    ("0009", "113/06/02", "板橋店", "湯裏有一根頭髮，拍照給你們看了，請把廚房管好。", ""),
    ("0010", "113/06/02", "恒春店", "優惠券寫全門市適用，結帳才說恒春店不算。早點講清楚很難嗎？", ""),
    ("0011", "113/06/03", "西門店", "外送少了兩份炸雞，打電話沒人接，申請退款按了三次都失敗。", "0900-000-000"),
    ("0012", "113/06/03", "板橋店", "是我自己點餐時沒看到要選辣度，整碗都不敢吃，算我糊塗。只是想請問下次能不能標大字一點？", ""),
    ("0013", "113/06/04", "恒春店", "店長很貼心，主動幫奶奶準備小碗，謝謝你們。", ""),
    ("0014", "113/06/04", "西門店", "請問素食鍋的湯底有沒有蔥蒜？", ""),
    ("", "", "", "", ""),
    ("0015", "113/06/05", "板橋店", "蛋糕吃完全家拉肚子，醫生開的證明都在這裡。請給我合理的賠償，不然我就去找衛生局。", "lin@example.com"),
    ("0016", "113/06/05", "西門店", "一盤三百八的義大利麵只有四隻蝦，太貴了，不會再來。", ""),
    ("0017", "113/06/06", "恒春店", "化粧室地板都是水，也沒有放警示牌，害我差點滑倒。", ""),
    ("0018", "113/06/06", "板橋店", "服務費照收一成，可是水自己倒、餐具自己拿，\n這樣合理嗎？\n請店長說明收費的依據。", ""),
    ("0019", "113/06/07", "西門店", "上禮拜的發票打錯統編，說三天會補寄，到現在還沒收到。", "0900-000-000"),
    ("0020", "113/06/07", "恒春店", "家人臨時住院，想改期，訂金兩千元不退。我知道規定有寫，但還是想拜託你們通融。", ""),
]

WASHING_MACHINE = (
    "長くなりますが、最初から順に書かせていただきます。"
    "洗濯機を買い替えたのは去年の十一月です。前の機械が二十年近く動いてくれましたので、同じ会社のものなら間違いないだろうと、店員さんのすすめる中でいちばん新しい型を選びました。値段は予算より三万円ほど高かったのですが、静かで、乾燥まで一度に済むという説明でしたので、共働きの我が家には合うと考えました。"
    "設置の日は何の問題もありませんでした。工事の方は手際がよく、水漏れの確認も丁寧で、試し運転も見せてくださいました。ここまでは満足していたのです。"
    "最初におかしいと思ったのは十二月の半ばです。脱水が始まると、台所のコップが鳴るほど床が揺れます。説明書のとおりに水平を確かめ、洗濯物の量も減らしましたが変わりません。お客様相談室に電話をしたところ、二十分ほど待ってつながり、「偏りによるものと思われますので、様子を見てください」とのことでした。様子を見ました。年末年始の二週間、毎晩見ましたが、揺れは少しも収まりませんでした。"
    "一月の連休明けにもう一度電話をしました。前回の記録は残っていないと言われ、型番から買った店の名前まで、すべて初めからお伝えしました。ようやく修理の方に来ていただけることになり、十日後、午後一時から五時の間という約束でしたので、私は半日の休みを取りました。おいでになったのは六時過ぎです。遅れるという連絡はありませんでした。"
    "その日の診断は、脚のゴムの不良ということでした。部品を取り寄せて一週間後に交換、これで直りますと言われ、確かに三日ほどは静かでした。ところが四日目の夜、今度は乾燥の途中で止まり、画面に数字が出ました。説明書の一覧には、その数字がありません。電源を入れ直すと動くのですが、一時間もするとまた止まります。中の洗濯物は生乾きで、翌朝もう一度洗い直すしかありませんでした。"
    "三度目の電話では、担当が違うとのことで部署を二つ回され、最後に「折り返します」と言われたきり、五日たっても電話は鳴りませんでした。こちらからかけ直すと、折り返しの予定は入っていないと言われました。このとき初めて、少し強い口調になってしまったことは認めます。"
    "二回目の修理では基板を交換しました。三回目は同じ基板をもう一度。四回目に来られた方は、機械を見るなり「この型はよくあるんですよ」と笑っておっしゃいました。よくあると分かっているのなら、なぜ最初の電話で教えてくださらなかったのでしょうか。なぜ私は四回も仕事を休み、そのたびに同じ説明を繰り返さなければならなかったのでしょうか。"
    "二月と三月の二か月間、我が家は近所のコインランドリーに通いました。一回に八百円から千円、週に三回として、合わせて二万円を超えています。領収書はすべて取ってあります。小さい子がおりますので、雪の晩に濡れた洗濯物を抱えて歩くのは、お金の問題だけではありませんでした。"
    "付け加えますと、乾いたはずのタオルから、三月の終わりごろ焦げたような匂いがしました。怖くなってその晩は使うのをやめ、翌朝すぐに電話をしましたが、受付の方は「匂いだけでしたら故障とは申し上げにくい」とおっしゃいました。煙が出てからでは遅いと思うのです。結局、その件で誰かが見に来ることはなく、私は自分で裏の蓋のすき間から埃を取り、恐る恐る使い続けました。取扱説明書のどこを読んでも、そこを掃除するようにとは書かれていません。"
    "買ったお店にも相談しました。店長さんは親身に聞いてくださいましたが、購入から三十日を過ぎた品はメーカーの判断がなければ交換できないとのことで、結局は同じ電話番号を渡されました。延長保証にも入っております。八千円を払って安心を買ったつもりでしたが、保証とは何度でも修理に来てもらえる権利であって、直してもらえる権利ではないのだと知りました。"
    "四月に入って、修理の受付の方から「次に止まったら本体の交換を検討します」という話がありました。次に止まったら、です。もう十分に止まったと思うのですが、数に入らないのでしょうか。念のため書いておきますと、記録をつけ始めてから今日までに、脱水の異常が三十一回、乾燥の途中停止が二十四回あります。日付と時刻、そのときの洗濯物の量も書き留めてあり、動画も十本ほど残しています。必要でしたらすべてお渡しできます。"
    "私がお願いしたいのは三つです。一つ、同じ型ではない、きちんと動く機械に交換してください。二つ、これまでの経緯を一人の担当の方が通して把握し、その方のお名前と直通の連絡先を教えてください。三つ、この型に同じ不具合が多いのであれば、ほかの家庭が同じ思いをしないよう、公式のページで早く知らせてください。"
    "怒鳴りたいわけではありません。機械ですから、壊れることもあるでしょう。ただ、壊れた後の半年間、こちらが何を言っても毎回初めての話として聞かれたことが、何よりもこたえました。次の連休までに、書面でお返事をいただけますようお願いいたします。"
)

APPLIANCES: list[Cells] = [
    ("管理No", "発生日", "製品名", "ご意見・ご要望", "対応状況"),
    ("A-0901", "2024-04-15", "洗濯乾燥機", WASHING_MACHINE, "対応中"),
    ("A-0902", "2024-04-15", "炊飯器", "内釜の塗装が半年で剥げてきました。体に入って大丈夫なものなのか心配です。", "未着手"),
    ("A-0903", "2024-04-16", "掃除機", "吸わない。軽さだけが取り柄。買って損した😩", "未着手"),
    ("A-0904", "2024-04-16", "空気清浄機", "The replacement filter I ordered three weeks ago has still not arrived, and nobody answers my e-mails. Please tell me when it will ship.", "対応中"),
    ("A-0905", "2024-04-17", "電気ケトル", "取っ手が熱くなり、指先をやけどしました。すぐに販売を止めて調べるべきです。返事がなければ役所に届け出ます。", "対応中"),
    ("A-0906", "2024-04-17", "加湿器", "水の入れ口を間違えて本体にじかに注いでしまい、電源が入らなくなりました。完全に私の不注意ですが、修理はお願いできますか💦", "完了"),
    ("A-0907", "2024-04-18", "ドライヤー", "", "未着手"),
    ("A-0908", "2024-04-18", "冷蔵庫", "修理の方の説明が分かりやすく、部屋もきれいにして帰ってくださいました。お礼をお伝えください。", "完了"),
    ("A-0909", "2024-04-19", "電子レンジ", "解凍の目盛りは何グラムまで対応していますか？", "完了"),
    ("A-0910", "2024-04-19", "扇風機", "保証書に店の印がないというだけで無償修理を断られました。納品書も領収書もあるのに、これは杓子定規すぎませんか。", "対応中"),
    ("A-0911", "2024-04-22", "テレビ", "ばかにしてるのか。録画が全部消えたのに「復元はできかねます」だけ？子どもの七五三も入ってたんだぞ！！！", "対応中"),
    ("A-0912", "2024-04-22", "トースター", "焼きむらはありますが、この値段なら仕方ないのかな。もう少し火力が均一だとうれしいです。", "完了"),
]

HOSPITAL: list[tuple[str, date, str, str, str, int]] = [
    ("0101", date(2024, 3, 4), "내과", "예약 시간보다 한 시간 반을 기다렸는데 진료는 2분 만에 끝났습니다. 예약이 무슨 의미가 있나요?", "", 2),
    ("0102", date(2024, 3, 4), "원무과", "수납 창구 직원분이 '홈페이지에 다 있어요'라고만 하고 눈도 안 마주쳤어요. 어르신들은 어떡하라는 건지요.", "", 1),
    ("0103", date(2024, 3, 6), "치과", "씌운 이가 석 달 만에 또 빠졌어요. 다시 오라고 해서 온 게 벌써 네 번째입니다. 비용을 돌려받고 싶습니다.", "010-0000-0000", 1),
    ("0104", date(2024, 3, 7), "원무과", "주차 할인을 받으려면 도장이 필요한 줄 몰랐어요. 안내문을 못 본 제 잘못인데 혹시 지금이라도 될까요?", "", 3),
    ("", date.min, "", "", "", 0),
    ("0105", date(2024, 3, 11), "약제과", "받아 온 약 봉투에 모르는 분 성함이 찍혀 있었어요. 삼키기 전에 알았으니 망정이지 큰일 날 뻔했습니다.", "", 1),
    ("0106", date(2024, 3, 12), "외과", "간호사님들이 밤새 잘 챙겨 주셔서 어머니가 많이 좋아지셨어요. 고맙습니다.", "", 5),
    ("0107", date(2024, 3, 14), "검진센터", "건강검진 전날 물은 마셔도 되나요?", "", 0),
    ("0108", date(2024, 3, 18), "병동", "침대 난간이 헐거워서 아버지가 떨어질 뻔했습니다. 당장 점검하고 결과를 알려 주세요.", "", 1),
    ("0109", date(2024, 4, 1), "내과", "검사 결과를 전화로 알려 준다더니 2주째 소식이 없고,\n대표번호는 하루 종일 통화 중이네요.\n기다리다 지쳤습니다.", "hong@example.com", 2),
    ("0110", date(2024, 4, 3), "재활의학과", "치료 한 번에 15만 원인데 효과를 모르겠어요. 너무 비쌉니다.", "", 2),
    ("0111", date(2024, 4, 8), "원무과", "진단서 주소가 틀리게 나와 다시 뗐더니 발급비를 또 내라네요. 규정이라는 말만 되풀이합니다. 틀린 쪽이 내는 게 상식 아닙니까?", "", 1),
    ("0112", date(2024, 4, 9), "검진센터", "금식하라는 걸 깜빡하고 아침을 먹고 와서 검사를 못 했어요. 제 잘못인 건 알지만 휴가까지 냈던 터라 속상하네요ㅠ", "", 3),
]

BANK: list[dict[str, Any] | None] = [
    {"工单号": "000045", "时间": "2024-06-03T08:15:00+08:00", "内容": "更新以后指纹登录没了，每次都要输二十位密码，能不能改回来？", "评分": 2, "已回复": True},
    {"工单号": "000046", "时间": "2024-06-03T08:40:00+08:00", "内容": "转账显示成功，对方没收到，人工客服前面还有三百多位，钱到底在哪儿？？", "评分": 1, "已回复": False},
    {"工单号": "000047", "时间": "2024-06-03T09:02:00+08:00", "内容": "年费说好免三年，第二年就扣了。合同第六条写得明明白白，请退款并书面说明原因。", "评分": 1, "已回复": True},
    {"工单号": "000048", "时间": "2024-06-03T09:30:00+08:00", "内容": "一打开就闪退，垃圾软件，删了！", "评分": 1, "已回复": False},
    {"工单号": "000049", "时间": "2024-06-03T10:11:00+08:00", "内容": "密码输错五次被锁，是我自己记混了，去网点又要排半天队，可以线上解锁吗🙏", "评分": None, "已回复": True},
    {"工单号": "000050", "时间": "2024-06-03T10:12:00+08:00", "内容": "新界面挺清爽，查账单比以前快，点个赞👍", "评分": 5, "已回复": True},
    None,
    {"工单号": "000051", "时间": "2024-06-03T11:00:00+08:00", "内容": "请问外币定期存款怎么预约？", "评分": None, "已回复": True},
    {"工单号": "000052", "时间": "2024-06-03T13:45:00+08:00", "内容": "昨天下午打了七个推销电话，我早说了不要贷款。再打我就向监管部门举报。", "评分": 1, "已回复": False},
    {"工单号": "000053", "时间": "2024-06-03T14:20:00+08:00", "内容": "页面写着“随时可取”，点进去才发现要等三十天。我也懒得吵了，只是很失望。", "评分": 2, "已回复": False},
    {"工单号": "000054", "时间": "2024-06-03T14:21:00+08:00", "内容": None, "评分": 3, "已回复": False},
    {"工单号": "000055", "时间": "2024-06-03T15:37:00+08:00", "内容": "账户突然被冻结，没有短信也没有电话，里面是下个月的房租。\n联系邮箱：chen@example.com\n手机：000-0000-0000", "评分": 1, "已回复": True},
    {"工单号": "000056", "时间": "2024-06-03T16:05:00+08:00", "内容": "手续费比别家高一倍，不划算。"},
    {"工单号": "000057", "时间": "2024-06-03T16:50:00+08:00", "内容": "换手机号必须本人到开户网点，我在两千公里外上班，这规定什么时候能改一改？", "评分": 2, "已回复": False},
]

ACADEMY: list[Cells] = [
    ("번호", "작성일", "과정", "후기"),
    ("1", "2024.02.01", "회계 기초", "7일 안에는 환불된다고 해서 5일째에 신청했는데 강의를 하나라도 열었으면 안 된다네요. 그런 안내는 없었잖아요."),
    ("2", "2024.02.01", "영어 회화", "강의 소리가 너무 작아서 이어폰을 껴도 안 들려요ㅠㅠ"),
    ("3", "2024.02.02", "회계 기초", "교재가 3주째 안 옵니다. 시험은 다음 주인데 교재도 없이 무슨 수업을 들으라는 건가요?"),
    ("4", "2024.02.02", "제과 제빵", "선생님 설명이 귀에 쏙쏙 들어와요. 덕분에 합격했습니다ㅎㅎ"),
    ("5", "2024.02.03", "영어 회화", "중급반을 골라야 했는데 초급반을 눌렀어요. 제 실수지만 반을 옮겨 주실 수 있나요? 번거롭게 해서 죄송합니다."),
    ("6", "2024.02.03", "코딩 입문", "진도율이 자꾸 0으로 돌아가요. 문의를 네 번 했고 네 번 다 '앱을 다시 깔아 보세요'였습니다ㅋㅋㅋㅋ"),
    ("7", "2024.02.04", "제과 제빵", "수업 중에 학생 이름을 부르며 면박을 주는 건 가르치는 사람이 해서는 안 될 일입니다. 원장님이 직접 답하셔야 합니다."),
    ("8", "2024.02.04", "코딩 입문", "가격에 비해 내용이 부실해요. 무료 영상과 다를 게 없네요. 주변에는 말릴 거예요."),
    ("9", "2024.02.05", "제과 제빵", "다음 기수는 언제 모집하나요?"),
    ("10", "2024.02.05", "회계 기초", "갑자기 지방으로 발령이 나서 더는 못 다니게 됐어요. 남은 두 달 치는 포기해야겠죠?"),
    ("11", "2024.02.06", "영어 회화", "한 달 동안 다시 볼 수 있다던 녹화본이 2주 만에 지워졌어요. 예고도 없이요."),
]

RAILWAY: list[tuple[int, datetime, str, str | None, bool, int | None]] = [
    (70001, datetime(2024, 2, 5, 0, 35), "港線", "最終が予告なく運休、駅には張り紙が一枚。タクシー代の四千六百円は誰が払ってくれるのですか。", False, 1),
    (70002, datetime(2024, 2, 5, 8, 12), "みどりバス", "運転士さんが、お年寄りが座るまで発車を待ってくださいました。見ていて気持ちがよかったです。", False, 5),
    (70003, datetime(2024, 2, 5, 9, 50), "港線", "定期券の区間を間違えて発行したのは窓口の方です。控えを見せても「お客様がそう書かれたので」と認めない。上司の方からの謝罪を求めます。", True, 1),
    (70004, datetime(2024, 2, 6, 18, 20), "港線", "夕方の車内は息苦しいほど暑いです。増便か、せめて設定温度の見直しをご検討ください。", False, 3),
    (70005, datetime(2024, 2, 6, 19, 5), "みどりバス", "忘れ物の件で三回お電話しましたが、毎回初めから説明し直しです。どこまで調べていただけているのか、少し不安になっています。", True, 2),
    (70006, datetime(2024, 2, 7, 7, 44), "港線", "残高が足りないのに気づかず改札で止まってしまいました。私が悪いのですが、並んでいた皆さんに申し訳なくて…。音だけでも小さくなりませんか。", False, None),
    (70007, datetime(2024, 2, 7, 7, 59), "港線", None, False, None),
    (70008, datetime(2024, 2, 7, 8, 3), "みどりバス", "扉に鞄のひもが挟まれたまま発車しました😨けがはありませんでしたが、安全の確認はどうなっているのでしょう。", False, 1),
    (70009, datetime(2024, 2, 8, 12, 30), "港線", "座席の布が破れて金具が出ています。", False, 3),
    (70010, datetime(2024, 2, 8, 21, 16), "港線", "特急料金を取るのに電源も無線も使えない。これで千二百円は高い。次は高速バスにします。", False, 2),
    (70011, datetime(2024, 2, 9, 10, 0), "みどりバス", "10番のりばはどこですか。車いすでも行けますか。", False, None),
    (70012, datetime(2024, 2, 9, 10, 41), "港線", "犬をかごに入れずに座席へ座らせたいと何度も頼んでいます。うちの子だけ特別に認めてください。", True, 2),
    (70013, datetime(2024, 2, 9, 11, 2), "港線", "", False, None),
]

COURIER: list[Cells] = [
    ("個案編號", "日期", "意見內容", "跟進"),
    ("C0018", "2024-07-02", "速遞員將包裹放喺大堂就走，打去客服又話「系統顯示已簽收」，我邊度有簽過？", "待處理"),
    ("C0019", "2024-07-02", "約好上午送冷氣機，等到晚上八點都沒有人來，也沒有一通電話。白白請了一天假，很無奈。", "待處理"),
    ("C0020", "2024-07-03", "寄件時櫃員說保價包含易碎品，碎了之後又說不包。兩個人兩種講法，請給我一個正式的答覆。", "處理中"),
    ("C0021", "2024-07-03", "地址我寫錯了一個字，不好意思😅 請問可以幫我改送到原本的大樓嗎？", "已完成"),
    ("C0022", "2024-07-03", "紙箱被壓到變形，裡面的茶杯碎了三個。\n照片已經寄給你們。\n請賠償，謝謝。", "處理中"),
    ("", "", "", ""),
    ("C0023", "2024-07-04", "送貨的大哥下大雨還幫我搬上四樓，真的很感謝！", "已完成"),
    ("C0024", "2024-07-04", "同一個包裹退回兩次了，每次都說地址不詳，可是我上個月才用同一個地址收過。", "處理中"),
    ("C0025", "2024-07-05", "運費又漲了三成，速度卻沒有變快，\"隔日送達\"根本是笑話。", "待處理"),
    ("C0026", "2024-07-05", "查件頁面一直轉圈圈，換了三支手機都一樣。", "待處理"),
    ("C0027", "2024-07-05", "請問端午節當天有收件嗎？", "已完成"),
    ("C0028", "2024-07-08", "你們的態度實在太離譜，弄丟我的護照還叫我自己去報案！我已經找記者了，等著上新聞吧！！", "處理中"),
]
# fmt: on


def csv_bytes(rows: Sequence[Cells], encoding: str, end: str = "\r\n", tab: bool = False) -> bytes:
    """Rows as delimited text in an encoding, an empty tuple as a blank line."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t" if tab else ",", lineterminator=end)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def utf16_bytes(rows: Sequence[Cells]) -> bytes:
    """Rows as the "Unicode text" that spreadsheets save: tabs, UTF-16, byte order mark."""
    return codecs.BOM_UTF16_LE + csv_bytes(rows, "utf-16-le", tab=True)


def decomposed_bytes(rows: Sequence[Cells]) -> bytes:
    """Rows whose cells, but not whose header, are decomposed as on macOS."""
    header, *body = rows
    decomposed = [[unicodedata.normalize("NFD", cell) for cell in row] for row in body]
    return csv_bytes([header, *decomposed], "utf-8", end="\n")


def jsonl_bytes(records: Sequence[dict[str, Any] | None]) -> bytes:
    """One JSON object a line, None as a blank line."""
    lines = ("" if item is None else json.dumps(item, ensure_ascii=False) for item in records)
    return "".join(f"{line}\n" for line in lines).encode()


def parquet_bytes() -> bytes:
    """Typed columns with nulls; uncompressed, so that only the pyarrow version matters."""
    kinds = [pa.int64(), pa.timestamp("s"), pa.string(), pa.string(), pa.bool_(), pa.int8()]
    names = ["受付ID", "受付日時", "路線", "申告内容", "再訴", "満足度"]
    columns = zip(*RAILWAY, strict=True)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays, names=names), sink, compression="none")
    return sink.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DAY_STYLE = 1


def xlsx_bytes() -> bytes:
    """A workbook of two sheets, written part by part so that no library version shows in it."""
    header = ["번호", "접수일", "진료과", "내용", "연락처", "만족도"]
    rows: list[list[Any]] = [header]
    for number, day, ward, text, contact, score in HOSPITAL:
        rows.append([number, day, ward, text, contact, score or None] if number else [])
    months = [[day.month for _, day, *_ in HOSPITAL if day != date.min].count(n) for n in (3, 4)]
    summary: list[list[Any]] = [
        ["월별 접수 건수", None],
        [],
        ["월", "건수"],
        ["3월", months[0]],
        ["4월", months[1]],
        ["합계", sum(months)],
        [],
        ["※ 만족도는 5점 만점이며 미응답은 빈칸입니다.", None],
    ]
    strings: list[str] = []
    sheets = [_sheet(rows, strings), _sheet(summary, strings)]
    shared = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/><Override PartName="/xl/worksheets/sheet2.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="{SHEET_TYPE}.styles+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="{SHEET_TYPE}.sharedStrings+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/><Relationship Id="rId2" Type="{PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>',
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dcterms:created xsi:type="dcterms:W3CDTF">2024-04-30T00:00:00Z</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">2024-04-30T00:00:00Z</dcterms:modified></cp:coreProperties>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="접수내역" sheetId="1" r:id="rId1"/><sheet name="월별집계" sheetId="2" r:id="rId2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{OFFICE}/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId3" Type="{OFFICE}/styles" Target="styles.xml"/><Relationship Id="rId4" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" uniqueCount="{len(strings)}">{shared}</sst>',
        "xl/worksheets/sheet1.xml": sheets[0],
        "xl/worksheets/sheet2.xml": sheets[1],
    }
    sink = io.BytesIO()
    # Stored, not deflated: two zlib builds may compress the same bytes differently.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 0
            declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            archive.writestr(entry, (declaration + content).encode())
    return sink.getvalue()


def _sheet(rows: list[list[Any]], strings: list[str]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = (
            _cell(f"{column}{number}", value, strings)
            for column, value in zip("ABCDEF", row, strict=False)
            if value not in (None, "")
        )
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(place: str, value: Any, strings: list[str]) -> str:
    if isinstance(value, date):
        serial = (value - date(1899, 12, 30)).days
        return f'<c r="{place}" s="{DAY_STYLE}"><v>{serial}</v></c>'
    if isinstance(value, int):
        return f'<c r="{place}"><v>{value}</v></c>'
    if value not in strings:
        strings.append(value)
    return f'<c r="{place}" t="s"><v>{strings.index(value)}</v></c>'


SAMPLES: dict[str, Callable[[], bytes]] = {
    "ja_mail_order_cp932.csv": lambda: csv_bytes(MAIL_ORDER, "cp932"),
    "ja_appliances_utf8_bom.csv": lambda: csv_bytes(APPLIANCES, "utf-8-sig"),
    "ja_railway.parquet": parquet_bytes,
    "ko_internet_line_cp949.csv": lambda: csv_bytes(INTERNET_LINE, "cp949"),
    "ko_academy_macos.csv": lambda: decomposed_bytes(ACADEMY),
    "ko_hospital.xlsx": xlsx_bytes,
    "zh_hans_hotel_gb18030.csv": lambda: csv_bytes(HOTEL, "gb18030"),
    "zh_hans_bank.jsonl": lambda: jsonl_bytes(BANK),
    "zh_hant_restaurant_cp950.csv": lambda: csv_bytes(RESTAURANT, "cp950"),
    "zh_hant_courier_utf16.tsv": lambda: utf16_bytes(COURIER),
}


def main() -> None:
    """Write every sample beside this script."""
    for name, make in SAMPLES.items():
        (HERE / name).write_bytes(make())


if __name__ == "__main__":
    main()
