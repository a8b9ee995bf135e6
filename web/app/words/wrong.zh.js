// What a field or a rule takes, and the rules that a value can break, in Chinese, by the node's own words. `{n}` stands for
// a number. In English the node's own sentences are shown.
export const EXPECTED_ZH = {
  "a table": "表", "an array": "数组", "[[version]] tables": "[[version]] 表", "a [[version]] table": "[[version]] 表", "at least one [[version]] with its date": "至少一个注明日期的 [[version]]",
  "[[version.registry.period]] tables": "[[version.registry.period]] 表", "a [[version.registry.period]] table": "[[version.registry.period]] 表",
  "the rule and article, or the notice and its date, where this comes from": "出处：规则条款，或通知及其日期", "the path of a rulebook relative to this file, such as \"../carbon-cn.toml\"": "另一规则文件的相对路径，如 \"../carbon-cn.toml\"",
  "an amount of money such as \"48.00\"": "金额，如 \"48.00\"", "a quantity above zero such as 100_000": "大于零的数量，如 100_000", "a price such as \"48.00\"": "价格，如 \"48.00\"",
  "a percentage such as \"10%\"": "百分数，如 \"10%\"", "a rate such as \"0.05%\"": "费率，如 \"0.05%\"", "true or false": "true 或 false", "a date such as 2021-07-16": "日期，如 2021-07-16",
  "a time of day such as \"15:30\"": "时刻，如 \"15:30\"", "a year such as 2024": "年份，如 2024", "a whole number above zero": "大于零的整数", "a session such as \"09:30-11:30\"": "交易时段，如 \"09:30-11:30\"",
  "an array of sessions such as [\"09:30-11:30\", \"13:00-15:00\"]": "交易时段的数组，如 [\"09:30-11:30\", \"13:00-15:00\"]", "an array of weekdays such as [\"Mon\", \"Tue\"]": "星期的数组，如 [\"Mon\", \"Tue\"]",
  "an array of dates such as [2021-09-20, 2021-09-21]": "日期的数组，如 [2021-09-20, 2021-09-21]", "an array of methods such as [\"listed\", \"block\"]": "交易方式的数组，如 [\"listed\", \"block\"]",
  "a short code of lower-case letters, digits and hyphens such as \"carbon-cn\"": "小写字母、数字与连字符组成的短代码，如 \"carbon-cn\"", "the market's name": "市场名称", "the market's Chinese name": "市场中文名称",
  "a currency such as { code = \"CNY\", decimals = 2 }": "币种，如 { code = \"CNY\", decimals = 2 }", "a unit such as { code = \"t\", decimals = 0 }": "计量单位，如 { code = \"t\", decimals = 0 }",
  "a price format such as { tick = \"0.01\" }": "报价格式，如 { tick = \"0.01\" }", "a short code such as \"CNY\" or \"t\"": "短代码，如 \"CNY\" 或 \"t\"", "a whole number from 0 to 9": "0 至 9 的整数",
  "the smallest step of a price such as \"0.01\"": "最小变动价位，如 \"0.01\"", "a whole number of days from 0 to 366": "0 至 366 的整数（天）", "a whole number of seconds from 0 to 86400": "0 至 86400 的整数（秒）",
  "a multiple such as 5": "倍数，如 5", "a table of trading days and local time": "交易日与当地时间的表", "a time zone such as \"Asia/Shanghai\"": "时区，如 \"Asia/Shanghai\"",
  "the code of the composite line such as \"COMCEA\"": "综合行情代码，如 \"COMCEA\"", "the code of an instrument such as \"CEA25\"": "品种代码，如 \"CEA25\"", "\"mean\" or { instrument = \"…\" }": "\"mean\" 或 { instrument = \"…\" }",
  "an array of commands such as [\"issue\", \"deposit\"]": "指令的数组，如 [\"issue\", \"deposit\"]",
  "a number such as \"100000\" or \"48.00\"": "数字，如 \"100000\" 或 \"48.00\"", "a date such as \"2021-07-16\"": "日期，如 \"2021-07-16\"", "a time such as \"2021-07-16T09:30:00+08:00\"": "时间，如 \"2021-07-16T09:30:00+08:00\"",
};

export const RULES_ZH = {
  "a market has listed or continuous trading, not both": "市场只能采用挂牌交易或竞价交易之一", "sessions must close by the end of the trading day (calendar.day_end)": "交易时段须在日终（calendar.day_end）前结束",
  "a least quantity must be a whole number of lots": "最小数量须为整手", "a listing of one lot must be possible": "须容许一手的挂牌", "an order of one lot must be possible": "须容许一手的委托",
  "the opening call must be over when the first session opens": "开盘集合竞价须在首个交易时段开始前结束", "the closing call must not open before the last session is over": "收盘集合竞价不得早于末个交易时段结束",
  "the closing call must be over by the end of the trading day (calendar.day_end)": "收盘集合竞价须在日终（calendar.day_end）前结束", "a dynamic band must not be wider than the band": "动态区间不得宽于涨跌幅",
  "where there is a dynamic band, an interruption must last": "设动态区间时，波动性中断须有时长", "a greatest value must be above zero": "最大金额须大于零", "a reserve price must be above zero": "底价须大于零",
  "there must be at least one trading day a week": "每周至少有一个交易日", "the day must end after it begins": "日终须晚于日始", "a deadline must lie after the period's year": "截止日须晚于履约年度",
  "years of periods must rise": "履约期的年度须递增", "deadlines of periods must not fall": "履约期的截止日不得提前", "a greatest fine must not be below the least": "罚款上限不得低于下限", "a greatest fee must not be below the least": "费用上限不得低于下限",
  "a carry-over must not close before it opens": "结转截止不得早于开始", "a carry-over opens after the last day of the sales that it counts": "结转须在所计净卖出末日之后开始", "the span of sales must not end before it begins": "净卖出区间的终点不得早于起点",
  "units are carried over into a later vintage": "结转须转入更晚的年份", "a carry-over is at most 100 times the net sales": "结转不超过净卖出的 100 倍", "a share must be at most 100%": "比例不得超过 100%",
  "an average needs the trades of at least one method": "均价至少须含一种交易方式", "a maker pays a fee or is paid a rebate, not both": "挂单方或付手续费，或得返还，不可兼有", "tick must be a whole number of minor units on one unit of the ledger": "最小变动价位乘一个计量单位须为整数分",
  "tick must be above zero": "最小变动价位须大于零", "a file keeps the currency, unit and price of the file that it extends": "引用其他文件时，币种、计量单位与报价格式不得改变", "a market's code has lower-case letters, digits and hyphens": "市场代码限小写字母、数字与连字符",
  "a file has at most 500 versions": "一个文件至多 500 个版本", "version dates must rise": "版本日期须递增", "a version begins between 2000 and 2060, for which time zones are known": "版本日期须在 2000 年至 2060 年之间",
  "an array has at most 2,048 entries": "数组至多 2,048 项", "an entry must not stand twice in an array": "数组中不得有重复项", "a number must fit in 64 bits": "数值超出 64 位", "a quantity must be above zero": "数量须大于零",
  "a price must be above zero": "价格须大于零", "a price must be a whole number of ticks": "价格须为最小变动价位的整数倍", "a band must be above 0%": "涨跌幅须大于 0%", "a band must be below 100%": "涨跌幅须小于 100%",
  "a fee rate must be at most 100%": "费率不得超过 100%", "a session must open before it closes": "交易时段的开始须早于结束", "there must be at least one session": "至少须有一个交易时段",
  "sessions must not overlap and must stand in order": "交易时段须按先后排列，不得重叠", "an amount must be a whole number of minor units ({n} decimals)": "金额至多 {n} 位小数", "a quantity has at most {n} decimals here": "数量至多 {n} 位小数",
  "a price must be a whole number of ticks ({n} decimals)": "价格至多 {n} 位小数，且为最小变动价位的整数倍", "a percentage has at most {n} decimals here (basis points)": "百分数至多 {n} 位小数（基点）", "a fee rate has at most {n} decimals (millionths)": "费率至多 {n} 位小数（百万分之一）",
  "a rulebook file has at most 1 MiB": "规则文件至多 1 MiB", "a file must not extend itself, directly or through others": "文件不得直接或间接引用自身", "at most 16 files may extend one another": "至多 16 个文件相互引用",
  "name a market whose rulebook is adopted": "请填写规则已通过的市场", "name a currency": "请填写币种", "only allowances and offsets have vintages: leave it out": "只有配额和抵销凭证有年份，请留空", "expected one year, or for allowances the years in rising order": "请填写一个年份；配额可填写递增的多个年份",
  "a limit order names its price": "限价单须有价格", "a market order names no price: leave it out": "市价单不得有价格，请留空", "an order with life \"gtd\" names its last day": "指定日有效的委托须填写末日", "only an order with life \"gtd\" names a last day": "仅指定日有效的委托可填写末日",
  "this is above zero, or left out": "须大于零，或留空", "name an account or a participant, not both": "账户与主体只可填写其一", "expected a hash: 64 hexadecimal digits": "应为 64 位十六进制摘要", "there is no such account": "账户不存在",
  "an id has 1 to 64 printable characters of ASCII, without space and slash": "编号为 1 至 64 个可打印的 ASCII 字符，不含空格和斜杠", "a key has duties of its user, and no others": "密钥职责不得超出其用户", "this is not the code of now": "口令不是当前口令",
  "this has at most {n} bytes, found {n}": "至多 {n} 字节，实为 {n}", "this is not empty": "不得为空", "this neither begins nor ends with a space": "首尾不得有空格",
  "character {n} is a control character, or one that is not seen": "第 {n} 个字符是控制字符或不可见字符", "character {n} is no character": "第 {n} 个字符无效", "character {n} is a space of another kind": "第 {n} 个字符是特殊空格",
  "a password has at least {n} characters and at most {n} bytes": "密码至少 {n} 个字符，至多 {n} 字节",
  "a password is not the user's name with a little beside it": "密码不得只在用户名旁略加字符", "a password is no simple pattern": "密码不得为简单规律", "this password is among those that are guessed first": "此密码属于最先被猜测的密码",
  "this is the password in use: choose another one": "此密码正在使用，请另选", "ask for a secret first: one is kept for ten minutes": "请先获取密钥，密钥保留十分钟", "expected bytes: an even number of hexadecimal digits": "应为偶数位十六进制数字",
};

/** What a name can be of, and what can stand in a rulebook. */
export const THINGS_ZH = {
  participant: "主体", account: "账户", asset: "资产", instrument: "品种", "instrument or composite": "品种或综合行情", user: "用户", market: "市场", key: "密钥",
  "a table": "表", "an array": "数组", "an empty array": "空数组", "the top of the file": "文件开头",
};
